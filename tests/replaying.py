"""An upstream that answers with recordings: status, headers and body as they were, whole or in slices.

For tests of the proxy end to end, whose caller is an SDK::

    replaying = Replaying(reactor)
    port = reactor.listenTCP(0, replaying.site(), interface="127.0.0.1")
    ... a proxy whose upstream is http://127.0.0.1:{port.getHost().port} ...

    for entry in sample(tuple(e for e in entries() if e.dialect == "responses"), 20):
        replaying.play(entry)                # each answer in one write
        replaying.play(entry, seed=7)        # in slices of random sizes, each a write of its own
        ... the SDK asks the proxy, and reads what load(entry) holds ...
        replaying.asked[-1].body             # what the proxy asked

What was played last is the answer to every request on the create path of its dialect
(:data:`PATHS`), whatever the request says, until something else is played. Any other path is a 404
that names the path asked for, and a test that meets it should fail. The same seed makes the same
slices. Between two slices the reactor has its turn, so that the reader sees them apart.

Of the recorded headers, those that belong to a hop or to the body's coding aren't sent: the
recorded body is decompressed. A stream has no length; a whole answer has.
"""

import json
import random
from collections import deque
from collections.abc import Iterator
from typing import Any

from attrs import field, frozen
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from tests.corpus import ABSENT, Entry, load, root

__all__ = ["PATHS", "Asked", "Replaying"]

PATHS = {
    "chat": b"/v1/chat/completions",
    "responses": b"/v1/responses",
    "messages": b"/v1/messages",
}
"""Where each dialect's answers are asked for."""

_NOT_SENT = {"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"}
_SIZES = (1, 2, 3, 5, 17, 64, 300, 1400)
_REMEMBERED = 256


@frozen
class Asked:
    """A request that came."""

    path: bytes
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """Its body, read."""
        return json.loads(self.body)


@frozen
class _Answer:
    """What is played."""

    entry: Entry
    headers: dict[str, str]
    body: bytes
    seed: int | None

    def slices(self) -> Iterator[bytes]:
        """The body as it is written."""
        if self.seed is None:
            yield self.body
            return
        chosen, at = random.Random(self.seed), 0
        while at < len(self.body):
            size = chosen.choice(_SIZES)
            yield self.body[at : at + size]
            at += size


class Replaying(Resource):
    """The root resource.

    :param clock: makes the turns between slices: a reactor, or a test's clock.
    :ivar asked: the last requests, oldest first.
    """

    isLeaf = True

    def __init__(self, clock: Any) -> None:
        super().__init__()
        self.asked: deque[Asked] = deque(maxlen=_REMEMBERED)
        self._clock = clock
        self._answer: _Answer | None = None

    def site(self) -> Site:
        """A site of it."""
        site = Site(self, reactor=self._clock)
        site.noisy = False
        return site

    def play(self, entry: Entry, seed: int | None = None) -> None:
        """Answer with this recording from now on.

        :param seed: of the slices; ``None`` for one write.
        """
        folder = root()
        assert folder is not None, ABSENT
        recorded = json.loads((folder / entry.file).read_bytes())["response"]["headers"] or {}
        headers = {name.lower(): str(value) for name, value in recorded.items()}
        sent = {name: value for name, value in headers.items() if name not in _NOT_SENT}
        kind = "text/event-stream" if entry.stream else "application/json"
        self._answer = _Answer(entry, {"content-type": kind, **sent}, load(entry).body, seed)

    def render(self, request: Any) -> int:
        """Take note of the request, and answer it."""
        path = request.uri.partition(b"?")[0]
        found = request.requestHeaders.getAllRawHeaders()
        headers = {n.decode().lower(): b",".join(v).decode("latin-1") for n, v in found}
        self.asked.append(Asked(path, headers, request.content.read()))
        answer = self._answer
        if answer is None or path != PATHS[answer.entry.dialect]:
            request.setResponseCode(404)
            request.write(json.dumps({"error": {"message": f"not played: {path!r}"}}).encode())
            request.finish()
            return NOT_DONE_YET
        request.setResponseCode(answer.entry.status)
        for name, value in answer.headers.items():
            request.setHeader(name, value)
        if not answer.entry.stream:
            request.setHeader("content-length", str(len(answer.body)))
        _Playing(self._clock, request, answer.slices()).start()
        return NOT_DONE_YET


class _Playing:
    """One answer on its way: a slice, a turn of the reactor, a slice; it ends early with its client."""

    def __init__(self, clock: Any, request: Any, slices: Iterator[bytes]) -> None:
        self._clock, self._request, self._slices = clock, request, slices
        self._turn: Any = None

    def start(self) -> None:
        self._request.notifyFinish().addErrback(self._gone)
        self._next()

    def _next(self) -> None:
        piece = next(self._slices, None)
        if piece is None:
            self._turn = None
            self._request.finish()
            return
        self._turn = self._clock.callLater(0, self._next)
        self._request.write(piece)

    def _gone(self, _: object) -> None:
        if self._turn is not None and self._turn.active():
            self._turn.cancel()
