"""The stand-in as a web site: one resource that reads requests, lets a part of the stand-in answer,
and writes the answer.

Bodies are read whole, up to :data:`LIMIT` bytes; what comes beyond is dropped as it arrives and
answered 413. Any key is accepted, in any header, and none. Every refusal is a JSON object in
OpenAI's shape or (of Messages, and of models where ``anthropic-version`` is sent) in Anthropic's,
except where a fault asks for HTML.
"""

import hashlib
from collections.abc import Callable
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

from attrs import define, evolve, field
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET, Request, Site
from zope.interface import implementer

from openaiproxy.upstream.embedded.calls import Answer, Call, Events, Shelves, Upload
from openaiproxy.upstream.embedded.faults import Fault, parse_fault, split_model
from openaiproxy.upstream.embedded.forms import parse_body
from openaiproxy.upstream.embedded.heads import Head, body_chunks, write_head
from openaiproxy.upstream.embedded.memory import Memory
from openaiproxy.upstream.embedded.outflow import Outflow, drop
from openaiproxy.upstream.embedded.refusals import Refusal, troubled
from openaiproxy.upstream.embedded.routes import find
from openaiproxy.upstream.embedded.shapes import check_shapes
from openaiproxy.upstream.embedded.tally import Seen, Tally

__all__ = ["LIMIT", "Door", "EmbeddedSite", "resource", "site"]

LIMIT = 32 * 2**20
_log = Logger()


class BoundedRequest(Request):
    """A request that keeps no more of its body than one byte beyond the limit, by which the limit
    is seen.
    """

    content: BinaryIO

    def handleContentChunk(self, data: bytes) -> None:
        """Keep what fits."""
        room = LIMIT + 1 - self.content.tell()
        if room > 0:
            self.content.write(data[:room])


class EmbeddedSite(Site):
    """The site.

    :ivar tally: what happened so far.
    """

    def __init__(self, door: "Door", clock: Any) -> None:
        # Forms are read here, not by the site: it would forget the files' names.
        super().__init__(door, BoundedRequest, reactor=clock, parsePOSTFormSubmission=False)
        self.displayTracebacks = False
        self.noisy = False
        self.tally = door.tally

    def log(self, request: Any) -> None:
        """Nothing: a stand-in keeps no access log."""


def site(clock: Any, now: Callable[[], float] | None = None) -> EmbeddedSite:
    """The stand-in, ready to listen with.

    :param clock: what makes the pauses: a reactor, or a test's clock.
    :param now: time of day, in seconds since 1970; the clock's where there is none.
    """
    return EmbeddedSite(resource(clock, now), clock)


def resource(clock: Any, now: Callable[[], float] | None = None) -> "Door":
    """The stand-in as the root resource of a site of the caller's.

    :param clock: as for :func:`site`.
    :param now: as for :func:`site`.
    """
    return Door(clock, now or clock.seconds)


@implementer(IResource)
@define(eq=False)
class Door:
    """The root resource; it reads every path itself."""

    clock: IReactorTime
    now: Callable[[], float]
    tally: Tally = field(factory=Tally)
    _shelves: Shelves = field(factory=lambda: Shelves(Memory(), Memory(), Memory()), repr=False)
    isLeaf = True

    def getChildWithDefault(self, name: bytes, request: Request) -> "Door":
        """Never asked for."""
        return self

    def putChild(self, path: bytes, child: object) -> None:
        """Never done.

        :raises NotImplementedError: always.
        """
        raise NotImplementedError("the embedded upstream has no children")

    def render(self, request: Request) -> int:
        """Answer one request, at once or after the fault's delay."""
        exchange = Exchange(self, request)
        exchange.begin()
        return NOT_DONE_YET

    def call(self, request: Request, content: bytes) -> Call:
        """A request as a :class:`Call`, without the parts that depend on its path.

        :raises Refusal: if the body can't be read, is too large, or asks for an unknown fault.
        """
        if len(content) > LIMIT:
            message = f"Maximum content size limit ({LIMIT}) exceeded."
            raise Refusal(413, message, code="content_too_large")
        body, uploads = parse_body(content, _header(request, "content-type"))
        fault = Fault()
        if isinstance(body.get("model"), str):
            body["model"], words = split_model(body["model"])
            fault = parse_fault(words)
        fault = parse_fault(_header(request, "x-embedded-fault"), fault)
        check_shapes(body)
        query = request.uri.partition(b"?")[2].decode("latin-1")
        return Call(
            body,
            _digest(request, _canonical(body, uploads) if uploads else content),
            int(self.now()),
            self._shelves,
            fault,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            uploads=uploads,
            anthropic=_of_anthropic(request),
        )


def _of_anthropic(request: Request) -> bool:
    """Whether a request is one of Anthropic's API."""
    path = request.uri.partition(b"?")[0]
    asked = path.startswith(b"/v1/models") and bool(_header(request, "anthropic-version"))
    return asked or path.startswith(b"/v1/messages")


def _header(request: Request, name: str) -> str:
    values = request.requestHeaders.getRawHeaders(name) or []
    return ",".join(values)


def _canonical(body: dict[str, Any], uploads: dict[str, list[Upload]]) -> bytes:
    files = [
        (n, u.name, hashlib.sha256(u.content).hexdigest()) for n in uploads for u in uploads[n]
    ]
    return repr((body, files)).encode()


def _digest(request: Request, content: bytes) -> str:
    """What ids derive from; of a form what was read, as its boundary is another each time."""
    return hashlib.sha256(request.uri + b"\0" + content).hexdigest()


@define(eq=False)
class Exchange:
    """One request's life: read, answered, and counted when it is over."""

    door: Door
    request: Request
    fault: Fault = field(factory=Fault)
    digest: str = ""
    streams: bool = False
    _later: Any = None
    _outflow: Outflow | None = None

    def begin(self) -> None:
        """Read the request and answer it, now or later."""
        request, tally = self.request, self.door.tally
        assert request.content is not None
        content = request.content.read()
        seen = Seen(
            request.method.decode("latin-1"),
            request.uri.decode("latin-1"),
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
        tally.recent.append(seen)
        tally.requests += 1
        tally.active += 1
        request.notifyFinish().addCallbacks(self._finished, self._abandoned)
        self.digest = _digest(request, content)
        answer = self._answer(content)
        if self.fault.delay:
            self._later = self.door.clock.callLater(self.fault.delay, self._send, answer)
        else:
            self._send(answer)

    def _over(self) -> None:
        self.door.tally.active -= 1
        self.door.tally.streaming -= self.streams
        if self._later is not None and self._later.active():
            self._later.cancel()

    def _finished(self, _: object) -> None:
        self.door.tally.finished += 1
        self._over()

    def _abandoned(self, _: Failure) -> None:
        self.door.tally.abandoned += 1
        if self._outflow is not None:
            self._outflow.stopProducing()
        self._over()

    def _answer(self, content: bytes) -> Answer | Refusal:
        try:
            call = self.door.call(self.request, content)
            self.fault = call.fault
            if self.fault.status is not None and not self.fault.html:
                raise troubled(self.fault.status, self.fault.retry_after)
            path = self.request.uri.partition(b"?")[0].decode("latin-1")
            answerer, id = find(self.request.method.decode("latin-1"), path)
            answer = answerer(evolve(call, id=id))
        except Refusal as refusal:
            return refusal
        except Exception:
            _log.failure("the embedded upstream could not answer")
            return Refusal(500, "The stand-in has a bug; its log says which.", "server_error")
        failing = self.fault.error is not None or self.fault.failed is not None
        if failing and not isinstance(answer, Events) and not getattr(answer, "fails", False):
            return troubled(500)
        return answer

    def _send(self, answer: Answer | Refusal) -> None:
        if self.fault.reset and self.fault.cut is None:
            drop(self.request, reset=True)
            return
        if self.fault.stall == -1:
            return
        head = Head(self.fault, self.digest, _of_anthropic(self.request))
        write_head(self.request, answer, head)
        if isinstance(answer, Events):
            self.streams = True
            self.door.tally.streaming += 1
        chunks = body_chunks(answer, head)
        self._outflow = Outflow(self.request, chunks, self.door.clock, self.fault)
        self._outflow.start()
