"""An answer read at a glance, for traffic that passes unchanged."""

import re

from openaiproxy.dialects.dialect import Seen, Spotter
from openaiproxy.dialects.messages.faults import parse_error
from openaiproxy.dialects.messages.usage import amend_usage, parse_usage
from openaiproxy.hub.parts import JsonObject

__all__ = ["SPOTTER"]

_SAID = {"message_start": "message", "message_delta": "delta"}
"""Type of an event to where its say stands."""


def _glance(found: JsonObject) -> Seen:
    kind = found.get("type")
    if kind == "error" or isinstance(found.get("error"), dict):
        return Seen(fault=parse_error(found))
    if kind == "message_stop":
        return Seen(complete=True)
    said = found.get(_SAID.get(str(kind), ""))
    said = said if isinstance(said, dict) else found if kind == "message" else {}
    told = (said if kind == "message_start" else found).get("usage")
    model, word = said.get("model"), said.get("stop_reason")
    return Seen(
        model if isinstance(model, str) else None,
        parse_usage(told),
        word if isinstance(word, str) else None,
        complete=kind in ("message", "message_delta") and isinstance(word, str),
        amend=(lambda early: amend_usage(early, told)) if isinstance(told, dict) else None,
    )


SPOTTER = Spotter(re.compile(rb'"(?:message_|message"|error")'), _glance)
