"""A stream as the simplified endpoints send it: data lines alone, and a mark at the end.

::

    event: response.created                    data: {"type":"response.created",...}
    data: {"type":"response.created",...}
                                               data: [DONE]

The mark follows an event that ends the answer, a failed one included. Without such an event there is none: a stream
that broke off ends with an error.
"""

from collections.abc import Callable

from attrs import define, field

from openaiproxy.errors import BadUpstream
from openaiproxy.simple.faults import Fault, fault_of, told_in_stream
from openaiproxy.wire.json import dumps, loads, loads_record
from openaiproxy.wire.sse import Decoder, encode

__all__ = ["KEEPALIVE", "Frames"]

KEEPALIVE = b": keep-alive\n\n"
"""A sign of life."""

_DONE = b"[DONE]"
_LAST = frozenset(
    (
        "response.completed",
        "response.failed",
        "response.incomplete",
        "response.cancelled",
        "message_stop",
        "transcript.text.done",
    )
)
_CUT = BadUpstream(502, "upstream_stream_truncated", "the upstream's stream broke off")


@define(eq=False)
class Frames:
    """One stream on its way.

    :param tell: an error as an event.
    :param limit: bytes that one event may have.
    :param request_id: the upstream's own.
    :ivar over: whether the stream is whole, or given up.
    :ivar fault: what it ended with, if with an error.
    """

    _tell: Callable[[Fault], bytes]
    limit: int
    _request_id: str | None = None
    over: bool = field(default=False, init=False)
    fault: Fault | None = field(default=None, init=False)
    _decoder: Decoder = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._decoder = Decoder(self.limit)

    def feed(self, data: bytes) -> bytes:
        """What is sent on for these bytes of the upstream's."""
        sent: list[bytes] = []
        try:
            for record in self._decoder.feed(data):
                if not self.over and record.data != _DONE:
                    sent.append(self._event(record.data))
        except BadUpstream as error:
            sent.append(self._fail(fault_of(error)))
        return b"".join(sent)

    def end(self, error: BadUpstream = _CUT) -> bytes:
        """What is sent when the upstream has ended.

        :param error: told where it ended too early.
        """
        return b"" if self.over else self._fail(fault_of(error))

    def _event(self, data: bytes) -> bytes:
        event = loads_record(data)
        kind = event.get("type") if isinstance(event, dict) else None
        if kind == "error":
            return self._fail(told_in_stream(event, self._request_id))
        # What holds a line end is JSON all the same, but would need several data lines.
        sent = encode(dumps(loads(data)) if b"\n" in data else data)
        if kind in _LAST:
            self.over = True
            return sent + encode(_DONE)
        return sent

    def _fail(self, fault: Fault) -> bytes:
        self.over, self.fault = True, fault
        return self._tell(fault)
