"""The rows of the settings' table that say which Codex login is spent, and what is said of ourselves.

They end up in a profile's :class:`~openaiproxy.codex.account.Account`, and mean something only
where its preset has one. The upstream of a login that holds an API key is the profile's own.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

from openaiproxy.config.setting import Setting
from openaiproxy.config.urls import EMBEDDED, upstream_url
from openaiproxy.config.values import file_path, header_value, or_none

__all__ = ["AUTH_FILE", "BACKEND", "LOGIN", "usual_auth_file"]

_FILE = "auth.json"
_WORDS = re.compile(r"[\x20-\x7e]+")


def _auth_file(raw: object) -> Path:
    """A file by its name's ``.json``; any other path is the folder that holds it."""
    path = file_path(raw)
    return path if path.suffix == ".json" else path / _FILE


def _backend_url(raw: object) -> str:
    wish = "expected a URL such as https://chatgpt.com/backend-api/codex"
    url = upstream_url(raw)
    if url == EMBEDDED:
        raise ValueError(wish)
    return url


def _refresh_url(raw: object) -> str:
    """A URL whose path and query are as they are asked for."""
    wish = "expected a URL such as https://auth.openai.com/oauth/token"
    if not isinstance(raw, str) or not re.fullmatch(r"[\x21-\x7e]+", raw.strip()):
        raise ValueError(wish)
    url = raw.strip()
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.fragment or "@" in parts.netloc:
        raise ValueError(wish)
    return url


def _words(raw: object) -> str:
    if isinstance(raw, str) and _WORDS.fullmatch(raw.strip()):
        return raw.strip()
    raise ValueError("expected words of visible ASCII characters")


AUTH_FILE = Setting(
    "auth-file",
    _auth_file,
    "credential.login.auth_file",
    "auth.json of the Codex login that is spent, or the folder that holds it.",
    environment=("CODEX_HOME",),
)

BACKEND = Setting(
    "backend",
    _backend_url,
    "credential.login.backend_base",
    "URL that requests go to with a ChatGPT login.",
    shown=False,
)

LOGIN = (
    AUTH_FILE,
    BACKEND,
    Setting(
        "refresh-url",
        _refresh_url,
        "credential.login.refresh_url",
        "URL at which the login's tokens are refreshed.",
        environment=("CODEX_REFRESH_TOKEN_URL_OVERRIDE",),
        shown=False,
    ),
    Setting(
        "login-client-id",
        header_value,
        "credential.login.client_id",
        "OAuth client in whose name they are refreshed.",
        environment=("CODEX_APP_SERVER_LOGIN_CLIENT_ID",),
    ),
    Setting(
        "originator",
        header_value,
        "credential.login.originator",
        "What the proxy calls itself towards the ChatGPT backend.",
        environment=("CODEX_INTERNAL_ORIGINATOR_OVERRIDE",),
    ),
    Setting(
        "user-agent",
        or_none(_words, "own"),
        "credential.login.user_agent",
        "User-Agent towards the ChatGPT backend, or own for the proxy's name and version.",
        environment=("CODEX_API_PROXY_USER_AGENT",),
        absent="own",
    ),
    Setting(
        "residency",
        or_none(header_value),
        "credential.login.residency",
        "Where the ChatGPT backend must work, such as us, or none to leave it open.",
        environment=("CODEX_API_PROXY_RESIDENCY",),
    ),
)


def usual_auth_file(home: str | None) -> str | None:
    """Where Codex keeps the login of a user, if it isn't told otherwise.

    :param home: the user's folder.
    """
    return str(Path(home, ".codex", _FILE)) if home else None
