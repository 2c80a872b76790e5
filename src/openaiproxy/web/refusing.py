"""Refusals of an upstream that speaks as the caller does: they pass as they came, but for what of them
is said wrongly."""

from openaiproxy.codex.refusals import Refusal
from openaiproxy.upstream.client import Answer
from openaiproxy.upstream.gather import gather
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.fields import with_fields
from openaiproxy.web.spending import Spending

__all__ = ["REFUSAL_BYTES", "refuse_as_it_is", "tell_refusal"]

#: Bytes of a refusal that are held to be read.
REFUSAL_BYTES = 1 << 20


async def refuse_as_it_is(exchange: Exchange, spending: Spending, answer: Answer) -> None:
    """Hand a refusal on.

    :raises BadUpstream: where it is no answer of an API.
    """
    port = exchange.port
    idle = port.profile.timeouts.idle
    body = await gather(answer, port.clock, limit=REFUSAL_BYTES, idle=idle)
    tell_refusal(exchange, answer, body, spending.refusal(answer, body, port.now()))


def tell_refusal(exchange: Exchange, answer: Answer, body: bytes, found: Refusal | None) -> None:
    """The same, once it was read.

    :param found: what it was understood as.
    """
    if found is not None and found.page:
        raise found.error()
    status, fields = answer.status, list(answer.headers)
    if found is not None:
        status, fields = found.status, with_fields(fields, found.headers)
        exchange.record.ending = "upstream-fault"
    exchange.answer(status, fields, body)
