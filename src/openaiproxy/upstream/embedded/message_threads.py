"""Conversations that Anthropic's API holds between requests (the beta ``message-threads``).

::

    "thread": {"type": "create"}
    "thread": {"type": "continue", "previous_message_id": "msg_01..."}

The second sends only what is new; system and tools stay as they were. A thread that was forgotten is
refused in the words by which the SDK knows to send the whole conversation again.
"""

from typing import Any

import orjson
from attrs import evolve

from openaiproxy.upstream.embedded.calls import Call
from openaiproxy.upstream.embedded.refusals import Refusal

__all__ = ["keep_thread", "with_thread"]

Json = dict[str, Any]


def with_thread(call: Call) -> Call:
    """The request with all of the conversation that it continues.

    :raises Refusal: 404 if that isn't there.
    """
    thread = call.body.get("thread") or {}
    if thread.get("type") != "continue":
        return call
    id = str(thread.get("previous_message_id"))
    earlier = call.shelves.threads.get(id)
    if earlier is None:
        details = {"error_code": "thread_not_found"}
        raise Refusal(404, f"No thread ends with the message '{id}'.", details=details)
    messages = [*earlier["messages"], *call.body["messages"]]
    return evolve(call, body={**call.body, **earlier, "messages": messages})


def keep_thread(call: Call, message: Json) -> None:
    """Remember the conversation if the request asks for it.

    :param message: the answer.
    """
    if not call.body.get("thread"):
        return
    said = {"role": "assistant", "content": message["content"]}
    kept: Json = {name: call.body[name] for name in ("system", "tools") if name in call.body}
    kept["messages"] = [*call.body["messages"], said]
    call.shelves.threads.keep(message["id"], kept, 2 * len(orjson.dumps(kept)))
