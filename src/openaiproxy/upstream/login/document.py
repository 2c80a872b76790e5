"""What stands in ``auth.json``, as a value.

::

    {"auth_mode": "chatgpt", "OPENAI_API_KEY": null,
     "tokens": {"id_token": "<JWT>", "access_token": "<JWT>", "refresh_token": "<opaque>",
                "account_id": "<uuid>"},
     "last_refresh": "2026-11-20T12:34:56.789Z"}

The file is Codex's, and it may know members that we don't: what is written back is what was read,
in its order, with nothing but the new tokens and the time of their making changed.

Messages about it are for callers, too: they name members, never values or paths.
"""

import json as spelling
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from typing import Any

from attrs import field, frozen

from openaiproxy.errors import BadUpstream, Unavailable
from openaiproxy.upstream.login.claims import Claims, parse_claims
from openaiproxy.wire import json

__all__ = ["Document", "HalfWritten", "Mode", "defect", "digest", "parse_document"]

_NAME = "auth.json"


class Mode(Enum):
    """What kind of login it is."""

    API_KEY = "apiKey"
    CHATGPT = "chatgpt"


class HalfWritten(Exception):
    """The file is no JSON: broken, or somebody is writing it just now."""


@frozen
class Document:
    """One state of the file.

    :param mode: which of its credentials holds.
    :param secret: what is spent: the API key, or the access token.
    :param refresh: the refresh token; ``None`` where there is none, or nothing to refresh.
    :param account: id of the ChatGPT account.
    :param claims: the access token's.
    :param refreshed: when the tokens were made, in seconds since 1970, where that can be told.
    :param raw: the whole object.
    """

    mode: Mode
    secret: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    account: str | None = field(default=None, repr=False)
    fedramp: bool = False
    claims: Claims = field(default=Claims(), repr=False)
    refreshed: float | None = None
    raw: Mapping[str, Any] = field(factory=dict, repr=False)

    def renewed(self, tokens: Mapping[str, str], now: float) -> "Document":
        """The document with new tokens in it.

        :param tokens: those that are new, by their names in the file.
        :param now: seconds since 1970.
        """
        stamp = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
        raw = {
            **self.raw,
            "tokens": {**self.raw["tokens"], **tokens},
            "last_refresh": stamp.replace("+00:00", "Z"),
        }
        return _document(raw)

    def written(self) -> bytes:
        """The file's new text, laid out as Codex lays it out."""
        return spelling.dumps(self.raw, indent=2).encode("ascii") + b"\n"


def defect(code: str, message: str) -> Unavailable:
    """What is wrong with the login: 503, as neither the caller is to blame nor the upstream (pitfall
    68: a 401 would send the caller's own program to log in)."""
    return Unavailable(503, f"login_{code}", message)


def digest(secret: str) -> str:
    """What tells two secrets apart and gives neither away."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def parse_document(data: bytes) -> Document:
    """Read the file's text.

    :raises HalfWritten: when it is no JSON.
    :raises Unavailable: 503 ``login_...``, when it is not a login that can be used.
    """
    try:
        found = json.loads(data)
    except BadUpstream:
        raise HalfWritten from None
    if not isinstance(found, dict):
        raise defect("unreadable", f"{_NAME} must hold a JSON object.")
    return _document(found)


def _document(raw: Mapping[str, Any]) -> Document:
    mode = _mode(raw)
    if mode is Mode.API_KEY:
        return Document(mode, _spendable(raw["OPENAI_API_KEY"].strip(), "OPENAI_API_KEY"), raw=raw)
    tokens = raw["tokens"]
    secret = _spendable(_text(tokens, "access_token"), "tokens.access_token")
    of_identity, claims = parse_claims(tokens.get("id_token")), parse_claims(secret)
    account = _text(tokens, "account_id") or of_identity.account or claims.account
    return Document(
        mode,
        secret,
        _text(tokens, "refresh_token"),
        _spendable(account, "tokens.account_id") if account else None,
        of_identity.fedramp or claims.fedramp,
        claims,
        _seconds(raw.get("last_refresh")),
        raw,
    )


def _mode(raw: Mapping[str, Any]) -> Mode:
    """What ``auth_mode`` says, where what it needs is there; else what is there, the key first."""
    said = raw.get("auth_mode")
    said = said.casefold() if isinstance(said, str) else ""
    if said == "agentidentity":
        raise defect("unsupported", f"{_NAME} holds an agent's identity, which can't be used here.")
    has_key, has_tokens = bool(_text(raw, "OPENAI_API_KEY")), isinstance(raw.get("tokens"), dict)
    if said.startswith("chatgpt") and has_tokens:
        return Mode.CHATGPT
    if has_key:
        return Mode.API_KEY
    if has_tokens:
        return Mode.CHATGPT
    raise defect("empty", f"{_NAME} has no OPENAI_API_KEY or tokens object: run `codex login`.")


def _text(found: Mapping[str, Any], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) and value.strip() else None


def _spendable(value: str | None, name: str) -> str:
    if value is None:
        raise defect("empty", f"{name} is missing in {_NAME}: run `codex login`.")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise defect("unreadable", f"{name} in {_NAME} holds what no header field can hold.")
    return value


def _seconds(stamp: Any) -> float | None:
    if not isinstance(stamp, str):
        return None
    try:
        when = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
