"""The three wires as somebody sees them who knows nothing of our parsers.

The laws ask a rendered stream whether it says that it is finished, or that it failed. To ask our
own parser would be to let the accused be the judge; so here the wire's own marks are looked for,
in the plainest way.
"""

from collections.abc import Callable, Iterable
from typing import Any

from attrs import frozen

from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Dialect
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder

__all__ = ["WIRES", "Wire", "read"]

Found = list[dict[str, Any]]


@frozen
class Wire:
    """A dialect, and its marks.

    :param finish: the number of the first record with which an answer is finished; ``None`` if it
        is not.
    :param failed: whether there is a record that says that the answer failed.
    """

    dialect: Dialect
    finish: Callable[[Found], int | None]
    failed: Callable[[Found], bool]


def read(data: bytes) -> Found:
    """The JSON objects of a stream; an empty one for whatever is none, so that numbers agree."""
    return [_object(record.data) for record in Decoder().feed(data)]


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except Exception:
        return {}
    return found if isinstance(found, dict) else {}


def _choices(found: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return [choice for choice in found.get("choices") or () if isinstance(choice, dict)]


def _chat_finish(records: Found) -> int | None:
    seen: dict[int, int | None] = {}
    for number, found in enumerate(records):
        for choice in _choices(found):
            index = choice.get("index") or 0
            done = choice.get("finish_reason") not in (None, "", "error")
            if seen.setdefault(index, None) is None and done:
                seen[index] = number
    ends = list(seen.values())
    return None if not ends or None in ends else max(end for end in ends if end is not None)


def _chat_failed(records: Found) -> bool:
    return any(
        found.get("error") or any(c.get("finish_reason") == "error" for c in _choices(found))
        for found in records
    )


def _type(*types: str) -> Callable[[Found], int | None]:
    def first(records: Found) -> int | None:
        numbers = (n for n, found in enumerate(records) if found.get("type") in types)
        return next(numbers, None)

    return first


_HOLDERS = {"message_start": "message", "message_delta": "delta"}
"""Records of Messages to the field that may hold the finish."""


def _messages_finish(records: Found) -> int | None:
    for number, found in enumerate(records):
        kind = found.get("type")
        said = found.get(_HOLDERS.get(kind, "")) if isinstance(kind, str) else None
        if kind == "message_stop" or (isinstance(said, dict) and said.get("stop_reason")):
            return number
    return None


_ended = _type("response.completed", "response.incomplete")
_failed = _type("response.failed", "error", "response.cancelled")
_error = _type("error")

WIRES: dict[str, Wire] = {
    "chat": Wire(CHAT, _chat_finish, _chat_failed),
    "responses": Wire(RESPONSES, _ended, lambda records: _failed(records) is not None),
    "messages": Wire(MESSAGES, _messages_finish, lambda records: _error(records) is not None),
}
