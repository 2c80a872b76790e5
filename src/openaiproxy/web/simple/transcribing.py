"""The course of ``POST /openai/audio/transcriptions``: a form, sent on while it comes.

As soon as the file begins and the security key is known, what follows goes straight upstream, at the upstream's
pace. A form whose key stands behind its file is put aside in a temporary file, up to the profile's limit (413 beyond
it), and sent when it is whole; nothing of it goes anywhere before the key was found right.
"""

from tempfile import SpooledTemporaryFile

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IProducer
from twisted.internet.task import Cooperator
from twisted.web.client import FileBodyProducer
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from openaiproxy.errors import BadRequest
from openaiproxy.ops.routes import route_of
from openaiproxy.simple.form import Form, boundary_of
from openaiproxy.simple.own import Own, merge, split_query
from openaiproxy.web.body import Body
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.simple.admitting import admit, openai_fields, simple_of, wait_as
from openaiproxy.web.simple.answering import answer_with

__all__ = ["transcribe"]

_TARGET = "/v1/audio/transcriptions"
_IN_MEMORY = 1 << 20
_STEP = 1 << 16


async def transcribe(exchange: Exchange, target: bytes) -> None:
    """Send the form, and answer with the text."""
    headers = exchange.request.requestHeaders
    media = (headers.getRawHeaders(b"content-type") or [b""])[0].decode("latin-1")
    asked, _ = split_query(target.partition(b"?")[2].decode("ascii"))
    exchange.record.route = route_of(_TARGET)
    sorting = _Sorting(exchange, boundary_of(media), asked)
    try:
        await _send(exchange, sorting, media)
    finally:
        sorting.close()


async def _send(exchange: Exchange, sorting: "_Sorting", media: str) -> None:
    await sorting.sorted()
    own = sorting.own()
    admit(exchange, own)
    seconds = wait_as(exchange, own.timeout)
    fields = openai_fields(exchange, own)
    fields += [(b"Content-Type", media.encode("latin-1")), (b"Accept-Encoding", b"identity")]
    body = exchange.request.body
    if body.whole:
        exchange.bound(seconds)
    else:
        body.on_progress = exchange.await_first_byte
    answer = await exchange.fetch(
        b"POST", _TARGET.encode("ascii"), fields, sorting.outgoing(exchange)
    )
    body.on_progress = None
    exchange.bound(seconds)
    exchange.record.model = sorting.model
    await answer_with(exchange, answer, None, _TARGET)


@implementer(IConsumer, IBodyProducer)
@define(eq=False)
class _Sorting:
    """A form between its caller and the upstream. First it takes what comes, and puts it aside; then it is a body
    itself, which gives that and passes on the rest.
    """

    _exchange: Exchange
    _boundary: str
    _asked: Own
    _form: Form = field(init=False)
    length: object = UNKNOWN_LENGTH
    _aside: "SpooledTemporaryFile[bytes]" = field(
        factory=lambda: SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
    )
    _aside_bytes: int = 0
    _ready: "Deferred[None] | None" = None
    _consumer: IConsumer | None = None
    _sent: "Deferred[None] | None" = None
    _ended: bool = False
    _over: bool = False

    def __attrs_post_init__(self) -> None:
        self._form = Form(self._boundary, self._suffices)

    @property
    def _body(self) -> Body:
        return self._exchange.request.body

    def own(self) -> Own:
        """What the form says to the proxy; of what the query says, what the form doesn't.

        :raises BadRequest: 400.
        """
        return merge((self._form.own, self._asked))

    @property
    def model(self) -> str:
        """The model that the form asks."""
        return self._form.model

    def sorted(self) -> "Deferred[None]":
        """Take what comes, until it can be sent on.

        :returns: fires with ``None``; fails with ``BadRequest``.
        """
        self._ready = ready = Deferred[None]()
        # A body that fails tells the exchange by itself.
        self._body.startProducing(self).addCallbacks(self._whole, lambda _: None)
        return ready

    def outgoing(self, exchange: Exchange) -> IBodyProducer:
        """The form as a body to send."""
        if not self._ended:
            return self
        self._aside.seek(0)
        cooperator = Cooperator(scheduler=lambda step: exchange.port.clock.callLater(0, step))
        producer: IBodyProducer = FileBodyProducer(self._aside, cooperator, _STEP)
        return producer

    def close(self) -> None:
        """Let go of what was put aside; what still comes is nobody's."""
        self._over = True
        self._aside.close()

    # IConsumer: what the caller's body calls.

    def write(self, data: bytes) -> None:
        try:
            self._pass(self._form.feed(data))
            if self._ready is not None and self._form.settled:
                self._body.pauseProducing()
                self._fire()
        except BadRequest as error:
            self._fail(error)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """The body is paused as a body producer, not as a registered one."""

    def unregisterProducer(self) -> None:
        """Likewise."""

    def _suffices(self, own: Own) -> bool:
        """Whether somebody is let in by what stands before the file; a key there that is wrong stays wrong."""
        try:
            admit(self._exchange, merge((own, self._asked)))
        except BadRequest:
            if own.security_key is not None:
                raise
            return False
        return True

    def _pass(self, made: bytes) -> None:
        if self._consumer is not None:
            if made:
                self._consumer.write(made)
            return
        self._aside_bytes += len(made)
        most = simple_of(self._exchange.port.profile).spool
        if self._aside_bytes > most and not self._form.settled:
            what = f"The form is larger than {most} bytes: security_key must come before the file"
            raise BadRequest(413, "form_too_large", what)
        self._aside.write(made)

    def _whole(self, _: object) -> None:
        if self._over:
            return
        self._ended = True
        try:
            self._pass(self._form.end())
        except BadRequest as error:
            self._fail(error)
            return
        self._fire()
        if self._sent is not None:
            sent, self._sent = self._sent, None
            sent.callback(None)

    def _fire(self) -> None:
        if self._ready is not None:
            ready, self._ready = self._ready, None
            ready.callback(None)

    def _fail(self, error: BadRequest) -> None:
        """It can't be sent, or not to its end; the exchange ends with that."""
        self._over = True
        if self._ready is not None:
            ready, self._ready = self._ready, None
            ready.errback(error)
        elif self._body.on_failure is not None:
            self._body.on_failure(error)

    # IBodyProducer: what the upstream's transport calls.

    def startProducing(self, consumer: IConsumer) -> "Deferred[None]":
        """:returns: fires with ``None`` when all was written."""
        self._sent = sent = Deferred[None]()
        self._consumer = consumer
        self._aside.seek(0)
        for piece in iter(lambda: self._aside.read(_STEP), b""):
            consumer.write(piece)
        if self._ended:
            self._sent = None
            sent.callback(None)
        else:
            self._body.resumeProducing()
        return sent

    def pauseProducing(self) -> None:
        self._body.pauseProducing()

    def resumeProducing(self) -> None:
        self._body.resumeProducing()

    def stopProducing(self) -> None:
        self._consumer = None
        self._over = True
        self._body.stopProducing()
