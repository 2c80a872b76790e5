"""What the status page is told, as plain values: the state of things, and requests.

A request is told in the words of its line, which are redacted and escaped already, and with its marks.
"""

from typing import Any

from openaiproxy.ops.minutes import Minute, Tokens, is_error
from openaiproxy.ops.ring import Entry
from openaiproxy.ops.seen import Shown
from openaiproxy.web.pages.health import own_version

__all__ = ["request_told", "state_told"]

_VERSION = own_version()


def state_told(shown: Shown, minutes: int) -> dict[str, Any]:
    """How things are.

    :param minutes: how many of the last hour's, the latest.
    """
    ring, tally = shown.ring, shown.tally
    return {
        "version": _VERSION,
        "now": ring.now,
        "minute": ring.minute,
        "uptime": shown.uptime(),
        "draining": shown.draining,
        "ports": [
            {
                "port": port.number,
                "profile": port.profile,
                "running": port.running(),
                "limit": port.limit,
            }
            for port in shown.ports
        ],
        "since": {
            "running": sum(port.running() for port in shown.ports),
            "requests": tally.requests,
            "errors": tally.errors,
            "cancelled": tally.cancelled,
            "overloads": tally.overloads,
            "average": tally.average,
            "longest": tally.longest,
            "most_running": tally.most_running,
            "most_in": tally.most_in,
            "most_cached": tally.most_cached,
            "most_out": tally.most_out,
        },
        "minutes": [_minute_told(each) for each in ring.minutes(minutes)],
    }


def _minute_told(minute: Minute) -> dict[str, Any]:
    return {
        "number": minute.number,
        "requests": minute.requests,
        "errors": minute.errors,
        "cancelled": minute.cancelled,
        "p50": minute.p50,
        "p95": minute.p95,
        "tokens": _tokens_told(minute.tokens),
        "models": [
            [model, each.requests, each.errors, *_tokens_told(each.tokens)]
            for model, each in minute.models.items()
        ],
    }


def _tokens_told(tokens: Tokens) -> list[int]:
    return [tokens.input, tokens.cached, tokens.output, tokens.reasoning]


def request_told(shown: Shown, entry: Entry) -> dict[str, Any]:
    """One request."""
    said = entry.said
    counted = said.tokens_in is not None or said.tokens_out is not None
    tokens = (said.tokens_in, said.tokens_cached, said.tokens_out, said.tokens_reasoning)
    caller, _, upstream = (said.dialects or "").partition(">")
    return {
        "number": entry.number,
        "at": entry.at,
        "id": said.id,
        "port": said.port,
        "profile": said.profile,
        "client": said.client,
        "peer": said.peer,
        "method": said.method,
        "path": said.path,
        "model": said.model,
        "from": caller,
        "to": upstream,
        "status": said.status,
        "upstream_status": said.upstream_status,
        "upstream_id": said.upstream_id,
        "ending": said.ending,
        "error": is_error(said),
        "code": said.code,
        "fault": said.fault,
        "first": said.first_byte,
        "took": said.duration,
        "waited": said.waited,
        "own": said.overhead,
        "in": said.bytes_in,
        "out": said.bytes_out,
        "tokens": [each or 0 for each in tokens] if counted else None,
        "streamed": said.streamed,
        "retries": said.retries,
        "dropped": said.dropped,
        "marks": said.timeline,
        "kept": shown.keeps(entry),
    }
