"""A stream of the backend's on its way to a caller who speaks Responses.

Its last event has an empty output, which Codex doesn't mind, as it has read the items before it.
Others read the last event alone::

    data: {"type": "response.output_item.done", "output_index": 0, "item": {...}}
    data: {"type": "response.completed", "response": {"output": [], ...}}

So the items that were done are put there. All other events pass byte for byte, each once it is whole.
"""

import re
from typing import Any

from attrs import define, field

from openaiproxy.errors import BadUpstream
from openaiproxy.wire import json, sse

__all__ = ["Completing"]

_BOUNDARY = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_OVERLAP = 3
_DONE = "response.output_item.done"
_ENDS = ("response.completed", "response.incomplete")
_MARK = re.compile("|".join(re.escape(word) for word in (_DONE, *_ENDS)).encode("ascii"))


@define(eq=False)
class Completing:
    """One stream.

    :param limit: bytes that may be held, of an event that is not whole or of items; beyond it,
        everything passes as it comes.
    """

    limit: int
    _held: bytearray = field(factory=bytearray, init=False)
    _items: dict[int, Any] = field(factory=dict, init=False)
    _size: int = field(default=0, init=False)
    _passes: bool = field(default=False, init=False)

    def feed(self, data: bytes) -> bytes:
        """What the next bytes come to. Never raises.

        :param data: cut anywhere.
        """
        if self._passes:
            return data
        start = max(0, len(self._held) - _OVERLAP)
        self._held += data
        ends = [found.end() for found in _BOUNDARY.finditer(self._held, start)]
        if not ends:
            return self._let_go() if len(self._held) > self.limit else b""
        whole = bytes(self._held[: ends[-1]])
        del self._held[: ends[-1]]
        if _MARK.search(whole) is None:
            return whole
        return b"".join(self._record(each) for each in _records(whole))

    def eof(self) -> bytes:
        """What is left of an event that never became whole."""
        return self._let_go()

    def _let_go(self) -> bytes:
        held = bytes(self._held)
        self._passes = True
        self._held.clear()
        self._items.clear()
        return held

    def _record(self, raw: bytes) -> bytes:
        """One event, as it is or completed."""
        found = _event(raw) if _MARK.search(raw) is not None else {}
        kind = found.get("type")
        if kind == _DONE:
            self._keep(found.get("output_index"), found.get("item"), len(raw))
        elif kind in _ENDS and self._items:
            response = found.get("response")
            if isinstance(response, dict) and response.get("output") in ([], None):
                output = [self._items[index] for index in sorted(self._items)]
                full = {**found, "response": {**response, "output": output}}
                return sse.encode(json.dumps(full), kind.encode("ascii"))
        return raw

    def _keep(self, index: Any, item: Any, size: int) -> None:
        self._size += size
        if self._size > self.limit:
            # Half an output would be taken for the whole of it.
            self._items.clear()
        elif isinstance(index, int) and isinstance(item, dict):
            self._items[index] = item


def _records(whole: bytes) -> list[bytes]:
    ends = [found.end() for found in _BOUNDARY.finditer(whole)]
    return [whole[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _event(raw: bytes) -> dict[str, Any]:
    try:
        for record in sse.Decoder(len(raw) + 1).feed(raw):
            found = json.loads_record(record.data)
            if isinstance(found, dict):
                return found
    except BadUpstream:
        pass
    return {}
