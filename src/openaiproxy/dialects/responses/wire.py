"""The dialect as one value."""

import re

from openaiproxy.dialects.dialect import Dialect, Seen, Spotter
from openaiproxy.dialects.responses.faults import (
    parse_error,
    parse_fault,
    render_fault,
    render_fault_record,
)
from openaiproxy.dialects.responses.fields import NAME, TABLES
from openaiproxy.dialects.responses.replies import parse_failure, parse_reply, render_reply
from openaiproxy.dialects.responses.reply_fields import REPLY_TABLES
from openaiproxy.dialects.responses.requests import parse_request, render_request
from openaiproxy.dialects.responses.stream import ResponsesParser
from openaiproxy.dialects.responses.usage import parse_usage
from openaiproxy.dialects.responses.values import string, thing
from openaiproxy.dialects.responses.writing import ResponsesRenderer
from openaiproxy.hub.parts import JsonObject

__all__ = ["RESPONSES"]

_GOOD = frozenset({"completed", "incomplete"})


def glance(found: JsonObject) -> Seen:
    """What one event, or a whole response, shows by itself.

    :param found: a JSON object.
    """
    response = found.get("response")
    whole = response if isinstance(response, dict) else found
    if whole.get("object") != "response":
        error = found.get("error")
        failed = found.get("type") == "error" or isinstance(error, dict | str)
        return Seen(fault=parse_error(found)) if failed else Seen()
    status = string(whole.get("status"))
    reason = string(thing(whole.get("incomplete_details")).get("reason"))
    return Seen(
        string(whole.get("model")),
        parse_usage(whole.get("usage")),
        reason or (status if status in _GOOD else None),
        parse_failure(whole),
        status in _GOOD,
    )


RESPONSES = Dialect(
    NAME,
    parse_request,
    render_request,
    parse_reply,
    render_reply,
    lambda context: ResponsesParser(),
    ResponsesRenderer,
    parse_fault,
    render_fault,
    render_fault_record,
    Spotter(re.compile(rb'"(?:response"\s*:|error")'), glance),
    TABLES + REPLY_TABLES,
)
