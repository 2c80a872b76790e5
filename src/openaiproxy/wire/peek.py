"""A glance at a body that passes: which model it names, without holding or parsing it.

Only the first and the last few thousand bytes are kept, since clients put ``model`` at either end of the object.
A value inside a JSON string can't be taken for it: its quotes would be escaped.
"""

import re

from attrs import define

__all__ = ["KEPT", "Peek"]

KEPT = 4096
_JSON_MODEL = re.compile(rb'(?<!\\)"model"\s*:\s*"([^"\\\x00-\x1f]{1,200})"')
_FORM_MODEL = re.compile(rb'name="model"\r\n(?:[^\r\n]+\r\n)*\r\n([\x21-\x7e]{1,200})\r\n')


@define
class Peek:
    """The ends of a body."""

    _head: bytes = b""
    _tail: bytes = b""
    _model: str | None = None

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        if len(self._head) < KEPT:
            self._head += data[: KEPT - len(self._head)]
        self._tail = data[-KEPT:] if len(data) >= KEPT else (self._tail + data)[-KEPT:]

    def model(self) -> str | None:
        """The model that the body names, as far as its ends show. The first one found stays."""
        if self._model is None:
            for part in (self._head, self._tail):
                found = _JSON_MODEL.search(part) or _FORM_MODEL.search(part)
                if found:
                    self._model = found[1].decode("utf-8", "replace")
                    break
        return self._model
