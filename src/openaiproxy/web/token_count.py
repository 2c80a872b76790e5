"""The course of ``POST /v1/messages/count_tokens``: how many tokens a request has, before it is made.

Who is asked:

* an upstream that speaks Messages: the same question, its answer passes as it comes;
* one that speaks Responses: ``POST /v1/responses/input_tokens`` with the request as it would be sent there, tools and
  instructions included (https://platform.openai.com/docs/api-reference/responses/input-tokens);
* one that speaks neither: nobody.

Editors ask for dozens of counts at once and again and again, so that equal questions of one credential are asked
once, few at a time, and the answer is good for a minute. Where nobody answers, or not in a few seconds, the count is
an estimate, and a header says so. A caller is never told that there is no such path: its own estimate would know
less of the request than ours.
"""

from functools import partial
from typing import Final

from twisted.internet.defer import Deferred

from openaiproxy.choosing import Plan, plan
from openaiproxy.counting import count_body, estimate
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.errors import BadRequest, BadUpstream, Unavailable
from openaiproxy.hub.request import Request
from openaiproxy.ops.payloads import UPSTREAM_REQUEST
from openaiproxy.upstream.client import Answer
from openaiproxy.upstream.gather import gather
from openaiproxy.upstream.outgoing import Outgoing
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.lists import key_of, shareable
from openaiproxy.web.port import OpenPort
from openaiproxy.web.reading import read_body
from openaiproxy.web.relay import pass_on
from openaiproxy.web.spending import Spending, spend
from openaiproxy.wire.headers import Field
from openaiproxy.wire.json import dumps, loads_object

__all__ = ["ESTIMATED", "count_tokens"]

#: On an answer that nobody counted.
ESTIMATED: Final = b"X-OpenAIProxy-Estimated"
_JSON: Field = (b"Content-Type", b"application/json")
_TARGET: Final = b"/v1/responses/input_tokens"
_PATIENCE: Final = 4.0
_GOOD_FOR: Final = 60.0
_ANSWER_BYTES: Final = 65_536
# Statuses of an upstream that has no such path.
_NO_PATH = frozenset((404, 405, 501))
_NO_MODEL: Final = b"model_not_found"
# What the question may hold (https://docs.anthropic.com/en/api/messages-count-tokens); all else is refused.
_ASKED = frozenset(
    (
        "cache_control",
        "context_management",
        "mcp_servers",
        "messages",
        "model",
        "output_config",
        "output_format",
        "speed",
        "system",
        "thinking",
        "tool_choice",
        "tools",
    )
)


async def count_tokens(exchange: Exchange, target: bytes) -> None:
    """Answer with the number of tokens.

    :raises BadRequest: for a body that is no request, or continues a thread.
    """
    raw = await read_body(exchange)
    request = MESSAGES.parse_request(loads_object(raw, BadRequest))
    spending = await exchange.port.purse.spending()
    made = _plan(spending, request)
    count: int | None = None
    if made is not None and made.upstream == RESPONSES.name:
        count = await _count_there(exchange, spending, made.request)
    elif made is not None:
        body = raw if made.upstream is None else _question(made.request)
        if await _relayed(exchange, spending, target, body):
            return
    told = estimate(request) if count is None else count
    fields = [_JSON, (ESTIMATED, b"input_tokens")] if count is None else [_JSON]
    exchange.answer(200, fields, dumps({"input_tokens": told}))


def _plan(spending: Spending, request: Request) -> Plan | None:
    """How the request would be sent, if it can be to somebody who counts."""
    if spending.is_backend:
        return None
    profile = spending.profile
    speaks = tuple(name for name in profile.upstream.speaks if name != "chat")
    if not speaks:
        return None
    try:
        return plan(request, caller=MESSAGES.name, bridging=profile.bridging, speaks=speaks)
    except BadRequest as error:
        if error.status == 404:  # It continues what nobody here holds.
            raise
        return None


# An upstream that speaks Messages.


def _question(request: Request) -> bytes:
    rendered = MESSAGES.render_request(request).body
    return dumps({name: value for name, value in rendered.items() if name in _ASKED})


async def _relayed(exchange: Exchange, spending: Spending, target: bytes, body: bytes) -> bool:
    """Whether the upstream's answer could be passed on."""
    fields = spending.reread(exchange.request.requestHeaders)
    feed = exchange.keep(UPSTREAM_REQUEST, [(name, [value]) for name, value in fields])
    try:
        answer = await exchange.fetch(
            b"POST", spending.target(target), fields, Outgoing(body, feed), spending.client
        )
    except BadUpstream:
        return False
    if answer.status in _NO_PATH:
        answer.abort()
        return False
    await pass_on(exchange, answer)
    return True


# An upstream that speaks Responses.


async def _count_there(exchange: Exchange, spending: Spending, request: Request) -> int | None:
    """The upstream's count; ``None`` if there is none in time."""
    port = exchange.port
    body = dumps(count_body(RESPONSES.render_request(request).body))
    fields = _fields_for(exchange, spending)
    key, nowhere = key_of(spending, fields, _TARGET, body), key_of(spending, fields, _TARGET)
    known = _known(port, key)
    if known is not None or _known(port, nowhere) is not None:
        return known
    feed = exchange.keep(UPSTREAM_REQUEST, [(name, [value]) for name, value in fields])
    if feed is not None:
        feed(body)
    try:
        return await port.counts.ask(
            key, partial(_begin, port, spending, fields, body, key, nowhere), _PATIENCE
        )
    except (BadUpstream, Unavailable):
        return None


def _fields_for(exchange: Exchange, spending: Spending) -> list[Field]:
    headers = exchange.request.requestHeaders
    fields = shareable(spending.translated(headers, RESPONSES.name, stream=False))
    return [*fields, _JSON, (b"Accept", b"application/json"), (b"Accept-Encoding", b"identity")]


def _known(port: OpenPort, key: bytes) -> int | None:
    kept = port.counts.find(key)
    if kept is None or port.clock.seconds() - kept.at >= _GOOD_FOR:
        return None
    return kept.value


def _begin(
    port: OpenPort,
    spending: Spending,
    fields: list[Field],
    body: bytes,
    key: bytes,
    nowhere: bytes,
) -> "Deferred[int]":
    return Deferred.fromCoroutine(_ask(port, spending, fields, body, key, nowhere))


async def _ask(
    port: OpenPort,
    spending: Spending,
    fields: list[Field],
    body: bytes,
    key: bytes,
    nowhere: bytes,
) -> int:
    """Ask, and keep the count; or that there is nobody to ask."""

    def send(spending: Spending) -> "Deferred[Answer]":
        full, there = spending.over(fields), spending.target(_TARGET)
        return spending.client.fetch(b"POST", there, full, Outgoing(body))

    answer = await spend(port.purse, spending, send)
    said = await gather(answer, port.clock, limit=_ANSWER_BYTES, idle=port.profile.timeouts.idle)
    if answer.status in _NO_PATH and _NO_MODEL not in said:
        port.counts.put(nowhere, 0, 1)
    if answer.status == 200:
        count = loads_object(said).get("input_tokens")
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            port.counts.put(key, count, 1)
            return count
    raise BadUpstream(502, "upstream_malformed", "the upstream did not count the tokens")
