"""The token endpoint: a refresh token goes in, new tokens come out, and the old one is spent.

::

    {"client_id": "...", "grant_type": "refresh_token", "refresh_token": "..."}
    200 {"id_token": "...", "access_token": "...", "refresh_token": "..."}      any of them may be missing
    401 {"error": {"code": "refresh_token_reused", "message": "..."}}           for good; so is any 401
    anything else                                                               may pass

Nothing of an answer is ever quoted.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import define
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from openaiproxy.errors import BadUpstream, Misconfigured
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.gather import gather
from openaiproxy.upstream.outgoing import Outgoing
from openaiproxy.wire import json

__all__ = ["REUSED", "Revoked", "TokenEndpoint", "origin_and_target"]

REUSED = "refresh_token_reused"
_VERDICTS: Final = frozenset(
    (REUSED, "refresh_token_expired", "refresh_token_invalidated", "invalid_grant")
)
_NAMES = ("id_token", "access_token", "refresh_token")
_LIMIT = 1 << 20


class Revoked(Exception):
    """The refresh token is good for nothing any more; its only argument is the reason's code."""

    @property
    def code(self) -> str:
        """Such as ``refresh_token_expired``."""
        return str(self.args[0])


def origin_and_target(url: str) -> tuple[str, bytes]:
    """The parts of the endpoint's URL: the base for an ``UpstreamClient``, and what to ask it for.

    :raises Misconfigured: where its path or query can't be asked for.
    """
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or not target.isprintable() or " " in target:
        raise Misconfigured("refresh URL: its path must be percent-encoded")
    return f"{parts.scheme}://{parts.netloc}", target.encode("ascii")


@define(eq=False)
class TokenEndpoint:
    """Where tokens are refreshed.

    :param client: the way there, for nothing else.
    :param target: path and query.
    :param client_id: in whose name.
    :param user_agent: ours.
    :param patience: seconds that a refresh may take in all.
    """

    _client: UpstreamClient
    _target: bytes
    _client_id: str
    _user_agent: str
    _clock: IReactorTime
    _patience: float = 30.0

    async def refresh(self, token: str) -> Mapping[str, str]:
        """Spend a refresh token.

        :return: the new tokens, by their names; those that are missing stay as they are.
        :raises Revoked: when it can't be spent, and never will be.
        :raises BadUpstream: when that went wrong in a way that may pass. Whether it is spent isn't
            known then.
        """
        asked = Deferred.fromCoroutine(self._ask(token))
        try:
            status, body = await asked.addTimeout(self._patience, self._clock)
        except TimeoutError:
            message = "the token endpoint did not answer in time"
            raise BadUpstream(504, "token_timeout", message) from None
        found = _object(body)
        if status == 200 and (tokens := _tokens(found)):
            return tokens
        code = _code(found)
        if status == 401 or (status in (400, 403) and code in _VERDICTS):
            raise Revoked(code if code in _VERDICTS else "refresh_token_refused")
        what = "what holds no tokens" if status == 200 else f"status {status}"
        raise BadUpstream(502, "token_failed", f"the token endpoint answered with {what}")

    def close(self) -> "Deferred[None]":
        """:return: fires when its idle connections are closed."""
        return self._client.close()

    async def _ask(self, token: str) -> tuple[int, bytes]:
        asked = {
            "client_id": self._client_id,
            "grant_type": "refresh_token",
            "refresh_token": token,
        }
        fields = [
            (b"Content-Type", b"application/json"),
            (b"Accept", b"application/json"),
            (b"User-Agent", self._user_agent.encode("ascii")),
        ]
        body = Outgoing(json.dumps(asked))
        answer = await self._client.fetch(b"POST", self._target, fields, body)
        whole = await gather(answer, self._clock, limit=_LIMIT, idle=self._patience)
        return answer.status, whole


def _object(body: bytes) -> dict[str, Any]:
    try:
        return json.loads_object(body)
    except BadUpstream:
        return {}


def _tokens(found: Mapping[str, Any]) -> dict[str, str]:
    named = {name: found.get(name) for name in _NAMES}
    return {
        name: value for name, value in named.items() if isinstance(value, str) and value.strip()
    }


def _code(found: Mapping[str, Any]) -> str | None:
    """The code, in any of the shapes seen: within ``error``, as ``error``, or beside it."""
    error = found.get("error")
    inner = error.get("code") if isinstance(error, dict) else error
    code = inner if isinstance(inner, str) else found.get("code")
    return code if isinstance(code, str) else None
