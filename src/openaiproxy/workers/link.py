r"""What parent and worker say to each other: JSON objects, one a line, over a pair of pipes.

::

    {"say": "ready"}                                   no answer is expected
    {"ask": 7, "what": "status"}                       is answered by
    {"answer": 7, "value": {"running": 3}}             or, where it can't be, by
    {"answer": 7, "error": "no such question"}

Either side may say and ask. A question may be answered later, with a Deferred. When the other side is gone, so are the
answers that were still to come. Pipes are the process's own, so what comes is taken at its word. An answer beyond the
longest line (kept bodies may be that large) is told as one that can't be given.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

__all__ = ["Gone", "Link"]

_LONGEST = 16 << 20


class Gone(Exception):
    """The other side ended before it answered, or couldn't answer."""


class Link(Protocol):
    """One end. (Twisted's receiver of lines copies what it has of one with each piece that comes, and a pipe gives
    little at a time.)

    :param heard: takes what the other side says: the word, and the whole object.
    :param answers: gives the answers, by question. They get the object of the question, and give a value for JSON, or
        a Deferred of one.
    :param lost: is called when the other side is gone.
    :ivar over: whether it is.
    """

    def __init__(
        self,
        heard: Callable[[str, dict[str, Any]], None],
        answers: Mapping[str, Callable[[dict[str, Any]], Any]],
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._heard = heard
        self._answers = answers
        self._lost = lost
        self._asked: dict[int, Deferred[Any]] = {}
        self._number = 0
        self._pieces: list[bytes] = []
        self.over = False

    def say(self, word: str, **more: object) -> None:
        """Say something. To nobody, where the other side is gone."""
        if not self.over:
            self._write(json.dumps({"say": word, **more}))

    def ask(self, what: str, **more: object) -> "Deferred[Any]":
        """Ask something.

        :returns: fires with the value; fails with :class:`Gone`.
        """
        self._number += 1
        number = self._number

        def forget(_: object) -> None:
            self._asked.pop(number, None)

        asked: Deferred[Any] = Deferred(forget)
        if self.over:
            asked.errback(Gone("the other side is gone"))
            return asked
        self._asked[number] = asked
        self._write(json.dumps({"ask": number, "what": what, **more}))
        return asked

    def dataReceived(self, data: bytes) -> None:
        """The next piece."""
        first, *further = data.split(b"\n")
        self._pieces.append(first)
        for begun in further:
            line, self._pieces = b"".join(self._pieces), [begun]
            self._take_line(line)

    def _take_line(self, line: bytes) -> None:
        message = json.loads(line)
        match message:
            case {"say": str(word)}:
                self._heard(word, message)
            case {"ask": int(number), "what": str(what)}:
                self._answer(number, what, message)
            case {"answer": int(number)}:
                self._take(number, message)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The other side is gone."""
        if self.over:
            return
        self.over = True
        asked, self._asked = self._asked, {}
        for each in asked.values():
            each.errback(Gone("the other side is gone"))
        self._lost()

    def _answer(self, number: int, what: str, message: dict[str, Any]) -> None:
        find = self._answers.get(what)
        if find is None:
            self._send(answer=number, error=f"no such question: {what}")
            return
        maybeDeferred(find, message).addCallbacks(
            lambda value: self._send(answer=number, value=value),
            lambda failure: self._send(answer=number, error=failure.getErrorMessage()),
        )

    def _send(self, **message: object) -> None:
        if self.over:
            return
        text = json.dumps(message)
        if len(text) > _LONGEST:
            text = json.dumps({"answer": message["answer"], "error": "the answer is too long"})
        self._write(text)

    def _write(self, text: str) -> None:
        assert self.transport is not None, "connected before anything is said"
        self.transport.write(text.encode() + b"\n")

    def _take(self, number: int, message: dict[str, Any]) -> None:
        asked = self._asked.pop(number, None)
        if asked is None:
            return
        if "error" in message:
            asked.errback(Gone(str(message["error"])))
        else:
            asked.callback(message.get("value"))
