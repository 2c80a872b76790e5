"""The user's own Codex login as a setting of a port: where it lies, and what is said of ourselves.

Part of a profile, and nothing but data. The login is the user's, for the user's own requests: there
is one of it, and the proxy says who it is.
"""

from typing import Any

from attrs import field, frozen

from openaiproxy.errors import Misconfigured

__all__ = ["CLIENT_ID", "Account"]

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
"""The public OAuth client that the login was made with; only it can refresh the login's tokens."""


def _is_field_value(_: object, attribute: Any, value: str | None) -> None:
    if value is not None and not (value.isascii() and value.isprintable()):
        raise Misconfigured(f"{attribute.name}: plain ASCII characters alone can be sent")


@frozen
class Account:
    """One login.

    :param auth_file: path of ``auth.json``: ``$CODEX_HOME/auth.json``, or ``~/.codex/auth.json``.
    :param refresh_url: where tokens are refreshed (``CODEX_REFRESH_TOKEN_URL_OVERRIDE``).
    :param client_id: in whose name (``CODEX_APP_SERVER_LOGIN_CLIENT_ID``).
    :param originator: our name for the backend (``CODEX_INTERNAL_ORIGINATOR_OVERRIDE``).
    :param user_agent: likewise (``CODEX_API_PROXY_USER_AGENT``); ``None`` is the name and
        version of this package.
    :param residency: where the backend must work, such as ``us``
        (``CODEX_API_PROXY_RESIDENCY``); ``None`` says nothing.
    :param api_base: upstream for a login that is an API key.
    :param backend_base: upstream for a ChatGPT login.
    :param client_version: for the backend's list of models, which it fits to a version of Codex.
    :param direct: those of the three URLs that are reached without the way out's proxy.
    :raises Misconfigured: where a value can't stand in a header field.
    """

    auth_file: str
    refresh_url: str = "https://auth.openai.com/oauth/token"
    client_id: str = CLIENT_ID
    originator: str = field(default="openaiproxy", validator=_is_field_value)
    user_agent: str | None = field(default=None, validator=_is_field_value)
    residency: str | None = field(default=None, validator=_is_field_value)
    api_base: str = "https://api.openai.com"
    backend_base: str = "https://chatgpt.com/backend-api/codex"
    client_version: str = field(default="1.0.0", validator=_is_field_value)
    direct: frozenset[str] = frozenset()

    @property
    def urls(self) -> tuple[str, str, str]:
        """Whom a login is shown to."""
        return (self.api_base, self.backend_base, self.refresh_url)
