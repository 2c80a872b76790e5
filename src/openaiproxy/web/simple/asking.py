"""The course of a simplified endpoint that takes JSON: it is read, let in, put to the upstream, and answered.

A safe call that fails in passing, or is not answered in its time, is put again, after a pause; no other ever is.
"""

from functools import partial

from attrs import define
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater

from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.ops.payloads import UPSTREAM_REQUEST
from openaiproxy.ops.routes import route_of
from openaiproxy.simple.endpoints import Ask, Endpoint, Given
from openaiproxy.simple.own import Own, merge, split_body, split_query
from openaiproxy.simple.replies import may_help, pause
from openaiproxy.upstream.client import Answer
from openaiproxy.upstream.outgoing import Outgoing
from openaiproxy.web.exchange import Course, Exchange
from openaiproxy.web.reading import read_body
from openaiproxy.web.simple.admitting import (
    admit,
    anthropic_fields,
    openai_fields,
    simple_of,
    turn_away,
    wait_as,
)
from openaiproxy.web.simple.answering import answer_with
from openaiproxy.wire.headers import Field, first
from openaiproxy.wire.json import loads

__all__ = ["ask", "read_request"]

_JSON: Field = (b"Content-Type", b"application/json")


def ask(endpoint: Endpoint, id: str) -> Course:
    """The course of one endpoint.

    :param id: in the request's path.
    """
    return partial(_ask, endpoint, id)


async def _ask(endpoint: Endpoint, id: str, exchange: Exchange, target: bytes) -> None:
    own, body, query = await read_request(exchange, target, bodiless=endpoint.bodiless)
    admit(exchange, own)
    seconds = wait_as(exchange, own.timeout)
    model = simple_of(exchange.port.profile).model
    asked = endpoint.ask(Given(body, query, id, model))
    exchange.record.model, exchange.record.route = asked.model, route_of(asked.target)
    fields = anthropic_fields if endpoint.anthropic else openai_fields
    asking = _Asking(exchange, endpoint, asked, fields(exchange, own), seconds)
    await answer_with(exchange, await asking.run(), endpoint, asked.target)


async def read_request(
    exchange: Exchange, target: bytes, *, bodiless: bool = False
) -> tuple[Own, dict[str, object], list[tuple[str, str]]]:
    """What a request says to the proxy, and the rest of its body and its query.

    :param bodiless: whether it may come without a body.
    :raises BadRequest: 400, for a body that is no JSON object.
    """
    asked, query = split_query(target.partition(b"?")[2].decode("ascii"))
    raw = await read_body(exchange)
    turn_away(exchange, asked, raw)
    if not raw.strip():
        if bodiless:
            return asked, {}, query
        raise BadRequest(400, "bad_request", "Request body is required")
    body = loads(raw, BadRequest)
    if not isinstance(body, dict):
        raise BadRequest(400, "bad_request", "Request body must be a JSON object")
    said, rest = split_body(body)
    return merge((said, asked)), rest, query


@define(eq=False)
class _Asking:
    """One question to the upstream, put as often as it may be."""

    _exchange: Exchange
    _endpoint: Endpoint
    _ask: Ask
    _fields: list[Field]
    _seconds: float

    async def run(self) -> Answer:
        """:raises BadUpstream: when there is no answer."""
        for attempt in range(self._endpoint.retries):
            wait = await self._attempt(attempt)
            if not isinstance(wait, float):
                return wait
            self._exchange.record.retries += 1
            await deferLater(self._exchange.port.clock, wait)
        return await self._send()

    async def _attempt(self, attempt: int) -> Answer | float:
        """An answer, or the seconds after which to ask again."""
        try:
            answer = await self._send_in_time()
        except BadUpstream as error:
            if self._exchange.is_given_up:
                raise
            return self._pause(attempt, error.code, [])
        if not may_help(answer.status, answer.headers):
            return answer
        answer.abort()
        return self._pause(attempt, str(answer.status), answer.headers)

    async def _send_in_time(self) -> Answer:
        """:raises BadUpstream: also when the answer does not come in its time, which ends no more than this try."""
        sending = Deferred.fromCoroutine(self._send())
        late: list[BadUpstream] = []

        def give_up(error: BadUpstream) -> None:
            late.append(error)
            sending.cancel()

        self._exchange.on_timeout = give_up
        try:
            return await sending
        except (BadUpstream, CancelledError):
            # The next try has a time of its own. What was cancelled fails with an error of its own, and the reason to
            # cancel it stands.
            self._exchange.bound(None)
            if late:
                raise late[0] from None
            raise
        finally:
            self._exchange.on_timeout = None

    def _pause(self, attempt: int, why: str, fields: list[Field]) -> float:
        wait = pause(attempt, fields)
        port, id = self._exchange.port, self._exchange.record.id
        port.events.tell(
            "proxy.request.retry",
            id=id,
            profile=port.profile.name,
            number=attempt + 1,
            why=why,
            wait=wait,
        )
        self._exchange.mark(f"to be asked again after {why}")
        return wait

    async def _send(self) -> Answer:
        exchange, asked, body = self._exchange, self._ask, None
        accept = b"text/event-stream" if asked.stream else b"application/json"
        fields = [*self._fields, (b"Accept", accept), (b"Accept-Encoding", b"identity")]
        if asked.body is not None:
            fields.append(_JSON)
            shown = [(name, [value]) for name, value in fields]
            body = Outgoing(asked.body, exchange.keep(UPSTREAM_REQUEST, shown))
        exchange.bound(None if asked.stream else self._seconds)
        client = exchange.port.anthropic if self._endpoint.anthropic else None
        target = asked.target.encode("ascii")
        answer = await exchange.fetch(asked.method, target, fields, body, client)
        named = first(answer.headers, b"request-id") if self._endpoint.anthropic else None
        if named is not None:
            exchange.record.upstream_id = named.decode("latin-1")
        return answer
