"""What a part of the stand-in is asked, and what it answers: plain values, without a socket.

A :class:`Call` holds the request as read. An answer is one of :class:`Whole` (a JSON document, text
or HTML), :class:`Events` (a stream of server-sent events) and :class:`Binary`. Documents and events
are bytes only when they're written.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from attrs import field, frozen

from openaiproxy.upstream.embedded.faults import Fault
from openaiproxy.upstream.embedded.memory import Memory
from openaiproxy.upstream.embedded.refusals import Refusal, missing
from openaiproxy.upstream.embedded.texts import Short, Text, long_text, short_text

__all__ = ["Answer", "Binary", "Call", "Event", "Events", "Shelves", "Upload", "Whole", "faulty"]


@frozen
class Upload:
    """A file that came in a multipart form."""

    name: str
    content: bytes = field(repr=False)
    kind: str = "application/octet-stream"


@frozen
class Shelves:
    """What the stand-in remembers between requests, bounded."""

    responses: Memory[Any]
    files: Memory[Any]
    threads: Memory[Any]


@frozen
class Call:
    """One request.

    :param id: the part of the path that names a thing, or an empty string.
    :param query: the query's arguments; of a repeated one, the last.
    :param body: the fields of the JSON document or form.
    :param uploads: the files of the form, by field name.
    :param digest: hex digits made of path and body; ids derive from them.
    :param now: UNIX time in whole seconds.
    :param anthropic: whether it came as Anthropic's clients ask.
    """

    body: dict[str, Any]
    digest: str
    now: int
    shelves: Shelves
    fault: Fault = field(factory=Fault)
    id: str = ""
    query: dict[str, str] = field(factory=dict)
    uploads: dict[str, list[Upload]] = field(factory=dict)
    anthropic: bool = False

    def name(self, prefix: str, what: object = "", length: int = 32) -> str:
        """An id that begins with a prefix: the same for the same request and thing."""
        seed = f"{self.digest}/{prefix}/{what}".encode()
        return prefix + hashlib.sha256(seed).hexdigest()[:length]

    def require(self, *names: str) -> None:
        """Refuse the request if one of these fields isn't there."""
        for each in names:
            if self.body.get(each) is None and each not in self.uploads:
                raise missing(each)

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.body.get("model") or "")

    def flag(self, name: str) -> bool:
        """A field that is true, in JSON or in a form."""
        return self.body.get(name) in (True, "true", "True", "1")

    def count(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number, of a JSON document or a form, from ``low`` to ``high``."""
        value = self.body.get(name)
        if value is None:
            return default
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise Refusal(400, f"Invalid type for '{name}'.", param=name) from None
        if not low <= number <= high:
            message = f"Invalid '{name}': expected a value from {low} to {high}."
            raise Refusal(400, message, param=name, code="integer_out_of_range")
        return number

    def limit(self, *names: str) -> int | None:
        """The first of these fields that's given: how many tokens may be answered."""
        given = next((name for name in names if self.body.get(name) is not None), None)
        return None if given is None else self.count(given, 0, 1, 10_000_000)

    def text(self, words: str) -> Text:
        """The text of an answer: these words, or the long text that the fault asks for."""
        if self.fault.chunks or self.fault.size:
            return long_text(self.digest, self.fault.chunks, self.fault.size)
        return short_text(words)


@frozen
class Event:
    """One server-sent event.

    :param data: a document, or a word that isn't JSON (``[DONE]``).
    :param name: the ``event:`` field, or ``None`` where the dialect has none.
    :param terminal: whether the event belongs to the stream's proper end.
    """

    data: dict[str, Any] | str
    name: str | None = None
    terminal: bool = False


def _error(_: str, __: int) -> list[Event]:
    return [faulty()]


def faulty() -> Event:
    """The error frame of the dialects that name no event: an error object as data."""
    message = "The server had an error while processing your request. Sorry about that!"
    error = {"message": message, "type": "server_error", "param": None, "code": None}
    return Event({"error": error})


#: The text of an answer that has none.
SILENCE = Short(())


@frozen
class Whole:
    """A whole answer.

    :param body: a JSON document, or text.
    :param text: the text whose marker may stand in the document.
    :param kind: the content type.
    :param fails: whether the document itself tells of a failure.
    """

    body: Any
    text: Text = SILENCE
    kind: str = "application/json"
    fails: bool = False


@frozen
class Events:
    """A stream.

    :param events: the events, in order, made while they are sent.
    :param broken: gives the events of a failure, from the fault's word (``error`` or ``failed``)
        and the number of events sent before.
    """

    events: Iterator[Event]
    text: Text = SILENCE
    broken: Callable[[str, int], list[Event]] = _error


@frozen
class Binary:
    """An answer of bytes, made while they are sent.

    :param size: how many bytes, or ``None`` if the length isn't announced.
    """

    blocks: Iterator[bytes]
    kind: str
    size: int | None = None


Answer = Whole | Events | Binary
