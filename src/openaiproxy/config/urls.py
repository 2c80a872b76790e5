"""The two URLs that can be set: where requests go, and the proxy on the way.

Like all parsers of values they say what was expected, never what they were given: both may hold
secrets.
"""

import re
from urllib.parse import SplitResult, urlsplit

__all__ = ["EMBEDDED", "MASK", "proxy_url", "upstream_url"]

EMBEDDED = "embedded"
MASK = "<hidden>"
"""What stands for a proxy's password in a printed configuration."""

_VISIBLE = re.compile(r"[\x21-\x7e]+")


def upstream_url(raw: object) -> str:
    """The word ``embedded``, or an HTTP(S) URL without the trailing ``/v1`` that clients write."""
    if isinstance(raw, str) and raw.strip().lower() == EMBEDDED:
        return EMBEDDED
    wish = "expected embedded or a URL such as https://api.openai.com"
    url = _http_url(raw, wish)
    if url.username is not None or url.password is not None:
        raise ValueError(f"{wish}, without a user or password in it")
    if "?" in str(raw) or "#" in str(raw):
        raise ValueError(f"{wish}, without query or fragment")
    if ".." in url.path.split("/"):
        raise ValueError(f"{wish}, without .. in its path")
    path = url.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{url.scheme}://{url.netloc}{path}"


def proxy_url(raw: object) -> str:
    """The URL of an HTTP(S) proxy; ``http://`` may be left out, a user and password are kept."""
    wish = "expected an HTTP proxy such as http://proxy.example.com:3128"
    if isinstance(raw, str) and "://" not in raw:
        raw = f"http://{raw.strip()}"
    url = _http_url(raw, wish)
    if url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError(f"{wish}, without a path")
    return f"{url.scheme}://{url.netloc}"


def _http_url(raw: object, wish: str) -> SplitResult:
    if not isinstance(raw, str) or not _VISIBLE.fullmatch(raw.strip()) or "\\" in raw:
        raise ValueError(wish)
    try:
        url = urlsplit(raw.strip())
        sound = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError(wish)
    return url
