"""Anthropic's Messages: one conversation in, one message or its events out; and its tokens,
counted.
"""

from openaiproxy.upstream.embedded.calls import Answer, Call, Events, Whole
from openaiproxy.upstream.embedded.conversation import answer
from openaiproxy.upstream.embedded.message_asks import check_messages, parse_ask
from openaiproxy.upstream.embedded.message_asks import count_tokens as counted
from openaiproxy.upstream.embedded.message_documents import document
from openaiproxy.upstream.embedded.message_events import broken, events
from openaiproxy.upstream.embedded.message_threads import keep_thread, with_thread
from openaiproxy.upstream.embedded.refusals import Refusal
from openaiproxy.upstream.embedded.texts import Short
from openaiproxy.upstream.embedded.vetoes import check_vetoes

__all__ = ["count_tokens", "create"]


def create(call: Call) -> Answer:
    """``POST /v1/messages``."""
    _require(call, "model", "max_tokens", "messages")
    check_vetoes("messages", call)
    call = with_thread(call)
    check_messages(call)
    said = answer(parse_ask(call), call)
    text = said.text or Short(())
    keep_thread(call, document(call, said))
    if call.flag("stream"):
        return Events(events(call, said), text, broken)
    return Whole(document(call, said), text)


def count_tokens(call: Call) -> Answer:
    """``POST /v1/messages/count_tokens``."""
    _require(call, "model", "messages")
    return Whole({"input_tokens": counted(call)})


def _require(call: Call, *names: str) -> None:
    for name in names:
        if call.body.get(name) is None:
            raise Refusal(400, f"{name}: Field required", param=name)
