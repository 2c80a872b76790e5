"""The Responses API: create, and all that can be done afterwards to a response that was stored.

A response that runs in the background is complete one second after it was asked for; until then it
can be cancelled.
"""

from itertools import dropwhile
from typing import Any

import orjson

from openaiproxy.upstream.embedded.calls import Answer, Call, Event, Events, Whole
from openaiproxy.upstream.embedded.conversation import answer
from openaiproxy.upstream.embedded.lists import page
from openaiproxy.upstream.embedded.refusals import Refusal, missing, not_found
from openaiproxy.upstream.embedded.response_asks import count_tokens, parse_ask, parse_items
from openaiproxy.upstream.embedded.response_documents import Turn, document, output, sealed
from openaiproxy.upstream.embedded.response_events import broken, events
from openaiproxy.upstream.embedded.texts import Short
from openaiproxy.upstream.embedded.vetoes import check_vetoes

__all__ = ["cancel", "compact", "create", "delete", "input_items", "input_tokens", "retrieve"]

_BACKGROUND = 1


def create(call: Call) -> Answer:
    """``POST /v1/responses``."""
    call.require("model")
    items, earlier = parse_items(call), _earlier(call)
    check_vetoes("responses", call)
    if not items and not earlier and not call.body.get("prompt"):
        raise missing("input")
    said = answer(parse_ask(call, items, earlier), call)
    turn = Turn(call, said, items, earlier)
    if call.body.get("background") and not call.flag("stream"):
        turn.ready = call.now + _BACKGROUND
    if call.body.get("store") is not False:
        weight = 2 * len(orjson.dumps([call.body, earlier]))
        call.shelves.responses.keep(turn.id, turn, weight)
    if call.flag("stream"):
        return _stream(turn)
    queued = turn.ready > call.now
    return _whole(turn, "queued" if queued else turn.status(call.now))


def _whole(turn: Turn, status: str) -> Whole:
    text = turn.said.text or Short(())
    return Whole(document(turn, status), text, fails=status == "failed")


def _stream(turn: Turn, after: int = -1) -> Events:
    def later(event: Event) -> bool:
        return isinstance(event.data, dict) and event.data["sequence_number"] <= after

    rest = dropwhile(later, events(turn))
    # Events that were skipped count as sent: sequence numbers go on.
    first = after + 1
    text = turn.said.text or Short(())
    return Events(rest, text, lambda word, sent: broken(turn, word, first + sent))


def _earlier(call: Call) -> list[dict[str, Any]]:
    """The items of the conversation that the request continues."""
    id = call.body.get("previous_response_id")
    if id is None:
        return []
    turn = call.shelves.responses.get(id)
    if turn is None:
        message = f"Previous response with id '{id}' not found."
        code = "previous_response_not_found"
        raise Refusal(400, message, param="previous_response_id", code=code)
    return [*turn.earlier, *turn.items, *output(turn)]


def _stored(call: Call) -> Turn:
    turn = call.shelves.responses.get(call.id)
    if not isinstance(turn, Turn):
        raise not_found(f"Response with id '{call.id}' not found.")
    return turn


def retrieve(call: Call) -> Answer:
    """``GET /v1/responses/{id}``, with ``stream=true`` as the same stream again, after
    ``starting_after``.
    """
    turn = _stored(call)
    if call.query.get("stream") != "true":
        return _whole(turn, turn.status(call.now))
    after = call.query.get("starting_after", "-1")
    if not after.lstrip("-").isdigit():
        raise Refusal(400, "Invalid 'starting_after'.", param="starting_after")
    return _stream(turn, int(after))


def delete(call: Call) -> Answer:
    """``DELETE /v1/responses/{id}``."""
    turn = _stored(call)
    call.shelves.responses.drop(turn.id)
    return Whole({"id": turn.id, "object": "response", "deleted": True})


def cancel(call: Call) -> Answer:
    """``POST /v1/responses/{id}/cancel``; only a background response can be cancelled."""
    turn = _stored(call)
    if not turn.call.body.get("background"):
        raise Refusal(400, "Cannot cancel a synchronous response.")
    turn.cancelled = turn.cancelled or call.now < turn.ready
    return _whole(turn, turn.status(call.now))


def input_items(call: Call) -> Answer:
    """``GET /v1/responses/{id}/input_items``: newest first, unless ``order=asc``."""
    turn = _stored(call)
    items = [*turn.earlier, *turn.items]
    return Whole(page(call, items if call.query.get("order") == "asc" else items[::-1], 20, 100))


def input_tokens(call: Call) -> Answer:
    """``POST /v1/responses/input_tokens``."""
    count = count_tokens(call, [*_earlier(call), *parse_items(call)])
    return Whole({"object": "response.input_tokens", "input_tokens": count})


def compact(call: Call) -> Answer:
    """``POST /v1/responses/compact``: users' messages stay, all else becomes one sealed item."""
    call.require("model")
    items = [*_earlier(call), *parse_items(call)]
    asked, id = count_tokens(call, items), call.name("cmp_", length=48)
    kept = [item for item in items if item.get("role") == "user"]
    item = {"id": id, "type": "compaction", "encrypted_content": sealed(call, id)}
    usage = {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 1,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": asked + 1,
    }
    frame = {"id": call.name("resp_", length=48), "object": "response.compaction"}
    return Whole({**frame, "created_at": call.now, "output": [*kept, item], "usage": usage})
