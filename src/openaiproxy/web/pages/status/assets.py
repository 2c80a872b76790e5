"""The documents of the status page, made once from the files beside this module.

Each is one answer with everything in it. What may run and what may colour it is said by hash, so nothing that finds its
way into the document later can do either; there is no address from which anything else may be fetched.
"""

from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files

from openaiproxy.web.pages.page import NO_STORE
from openaiproxy.wire.headers import Field

__all__ = ["FIELDS", "PAGE", "SIGN_IN", "STYLE", "policy", "sign_in"]

_HERE = files("openaiproxy.web.pages.status")
_WORDS = "<!-- words -->"


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


STYLE = _read("page.css")
_SCRIPT = _read("page.js")


def _filled(name: str) -> str:
    return _read(name).replace("/* page.css */", STYLE).replace("/* page.js */", _SCRIPT)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def policy(*, script: bool) -> list[Field]:
    """Fields of a document of ours: what it may do, and that nobody frames, keeps or misreads it.

    :param script: whether it is the one with the script.
    """
    runs = f"script-src {_hash(_SCRIPT)}; connect-src 'self'; " if script else ""
    allowed = (
        f"default-src 'none'; style-src {_hash(STYLE)}; {runs}img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return [
        (b"Content-Type", b"text/html; charset=utf-8"),
        (b"Content-Security-Policy", allowed.encode("ascii")),
        (b"X-Content-Type-Options", b"nosniff"),
        (b"X-Frame-Options", b"DENY"),
        (b"Cross-Origin-Resource-Policy", b"same-origin"),
        # Not no-referrer: at that, a browser keeps the origin of a form to itself, too.
        (b"Referrer-Policy", b"same-origin"),
        NO_STORE,
    ]


PAGE = _filled("page.html").encode()
FIELDS = policy(script=True)
SIGN_IN = policy(script=False)
_SIGN_IN = _filled("sign_in.html")


def sign_in(words: str) -> bytes:
    """The form.

    :param words: said above it; empty for none.
    """
    return _SIGN_IN.replace(_WORDS, escape(words)).encode()
