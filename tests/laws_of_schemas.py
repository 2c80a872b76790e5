"""The laws of form: what is written fits what the vendors themselves say of it.

In a direction from a dialect to itself, what did not fit when it was read need not fit when it is
written; but nothing else may be wrong.
"""

from collections.abc import Iterable
from typing import Any

from openaiproxy.errors import BadRequest
from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder, Record
from tests import schemas
from tests.cases import Case
from tests.schemas import invalid

__all__ = ["form_of_answers", "form_of_requests", "wrong_events"]


def form_of_requests(case: Case) -> list[str] | None:
    """A request that is rendered fits the description of its target."""
    found = case.recording.request
    if schemas.root() is None or found is None or case.recording.entry.status >= 400:
        return None
    target = case.target.dialect
    try:
        body = target.render_request(case.asked()).body
    except BadRequest:
        return []
    wrong = invalid(target.name, "request", _plain(body))
    if wrong and case.same:
        wrong = _new(wrong, invalid(target.name, "request", {**found, "stream": True}))
    return wrong


def form_of_answers(case: Case) -> list[str] | None:
    """An answer fits, whole and as a stream, whichever of the two was read."""
    if schemas.root() is None:
        return None
    if case.recording.entry.status >= 400:
        return _form_of_errors(case)
    body, name = case.recording.body, case.target.dialect.name
    if case.recording.streamed:
        stream = case.translation().stream()
        data, answer = stream.feed(body) + stream.eof(), case.translation().collect(body)
    else:
        data, answer = case.translation().replay(body), case.translation().reply(body)
    kind = "reply" if answer.fault is None else "error"
    wrong = [f"whole: {line}" for line in invalid(name, kind, json.loads(answer.body))]
    wrong += [f"stream: {line}" for line in wrong_events(name, Decoder().feed(data))]
    return _new(wrong, _read(case)) if wrong and case.same else wrong


def _form_of_errors(case: Case) -> list[str]:
    fault = case.source.dialect.parse_fault(case.recording.entry.status, case.recording.body)
    target = case.target.dialect
    _, body = target.render_fault(fault)
    wrong = invalid(target.name, "error", _plain(body))
    return wrong + wrong_events(target.name, Decoder().feed(target.render_fault_record(fault)))


def wrong_events(name: str, records: Iterable[Record]) -> list[str]:
    """What is wrong with a stream's events: their form, and the type that the frame gives them."""
    wrong: dict[str, None] = {}
    for record in records:
        if record.data == b"[DONE]":
            if name != "chat":
                wrong["[DONE]"] = None
            continue
        found = json.loads(record.data)
        told = name != "chat" and found.get("type", "").encode() != record.event
        failed = "error" in found if name == "chat" else found.get("type") == "error"
        kind = "error" if failed and name != "responses" else "event"
        lines = invalid(name, kind, found) + ["its frame has another type"] * told
        sort = found.get("type", kind)
        wrong.update((f"{sort}{line}", None) for line in lines)
    return list(wrong)


def _read(case: Case) -> list[str]:
    """What is wrong with an answer as it was recorded."""
    name, body = case.source.dialect.name, case.recording.body
    if not case.recording.streamed:
        return invalid(name, "reply", json.loads(body))
    found = (record.data for record in Decoder().feed(body) if record.data.startswith(b"{"))
    return [line for data in found for line in invalid(name, "event", json.loads(data))]


def _new(wrong: list[str], read: Iterable[str]) -> list[str]:
    """Those errors that were not in what was read, wherever in a document they stood."""
    known = {_tail(line) for line in read}
    return [line for line in wrong if _tail(line) not in known]


def _tail(line: str) -> str:
    return line.rpartition(": ")[2]


def _plain(body: Any) -> Any:
    return json.loads(json.dumps(body))
