"""The Messages dialect, as one value."""

from openaiproxy.dialects.dialect import Dialect
from openaiproxy.dialects.messages.emission import renderer
from openaiproxy.dialects.messages.faults import parse_fault, render_fault, render_fault_record
from openaiproxy.dialects.messages.fields import NAME, TABLES
from openaiproxy.dialects.messages.glance import SPOTTER
from openaiproxy.dialects.messages.replies import parse_reply, render_reply
from openaiproxy.dialects.messages.requests import parse_request, render_request
from openaiproxy.dialects.messages.stream import parser

__all__ = ["MESSAGES"]

MESSAGES = Dialect(
    NAME,
    parse_request,
    render_request,
    parse_reply,
    render_reply,
    parser,
    renderer,
    parse_fault,
    render_fault,
    render_fault_record,
    SPOTTER,
    TABLES,
    keepalive=b'event: ping\ndata: {"type": "ping"}\n\n',
)
