"""Faults in every shape seen, replies that are none, and the glance."""

from typing import Any

import pytest

from openaiproxy.dialects.responses.marks import parse_annotation, render_annotation
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Begin, End, Fault, FaultKind, Finish, Other, Reason
from openaiproxy.hub.fold import Reply
from openaiproxy.hub.parts import Citation, Extra, Opaque, Reasoning, Seal
from openaiproxy.wire import json
from tests.dialects.responses.support import context, said

QUOTA = {
    "message": "No.",
    "type": "insufficient_quota",
    "param": None,
    "code": "insufficient_quota",
}


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (429, json.dumps({"error": QUOTA}), FaultKind.QUOTA, "No."),
        (400, b'{"code":"x","error":"Bad key."}', FaultKind.INVALID, "Bad key."),
        (401, b'{"detail":"Sign in."}', FaultKind.AUTHENTICATION, "Sign in."),
        (502, b"<html>", FaultKind.SERVER, "<html>"),
        (503, b"", FaultKind.OVERLOADED, "The upstream gave no reason."),
        (400, b'{"x":1}', FaultKind.INVALID, '{"x":1}'),
        (
            400,
            b'{"error":{"message":"exceeds the context window"}}',
            FaultKind.CONTEXT,
            "exceeds the context window",
        ),
        (
            401,
            b'{"error":{"message":"k","type":"invalid_request_error"}}',
            FaultKind.AUTHENTICATION,
            "k",
        ),
        (500, b'{"error":{"message":"k","type":"rate_limit_error"}}', FaultKind.RATE, "k"),
        (500, b"\xff", FaultKind.SERVER, "\ufffd"),
    ],
)
def test_any_bad_answer_is_a_fault(status: int, body: bytes, kind: FaultKind, message: str) -> None:
    fault = RESPONSES.parse_fault(status, body)
    assert (fault.kind, fault.message, fault.status) == (kind, message, status)


def test_a_fault_of_ours_comes_back_as_it_was() -> None:
    fault = RESPONSES.parse_fault(429, json.dumps({"error": QUOTA}))
    assert RESPONSES.render_fault(fault) == (429, {"error": QUOTA})


@pytest.mark.parametrize("kind", list(FaultKind))
def test_a_foreign_fault_has_words_of_ours(kind: FaultKind) -> None:
    status, body = RESPONSES.render_fault(Fault(kind, "Why.", "odd", "odd", dialect="messages"))
    assert status == kind.status
    assert body["error"]["message"].endswith("Why.")
    assert body["error"]["type"] != "odd"
    (event,) = said(RESPONSES.render_fault_record(Fault(kind, "Why.")))
    assert event["type"] == "error"
    assert RESPONSES.parse_fault(status, json.dumps(body)).message.endswith("Why.")


def test_a_reply_may_be_a_fault_or_nothing_at_all() -> None:
    assert isinstance(RESPONSES.parse_reply({"error": QUOTA}, context()), Fault)
    failed = {"object": "response", "output": [], "status": "failed", "error": QUOTA}
    assert isinstance(RESPONSES.parse_reply(failed, context()), Fault)
    with pytest.raises(BadUpstream):
        RESPONSES.parse_reply({"hello": 1}, context())


@pytest.mark.parametrize(
    ("fields", "reason", "word"),
    [
        ({"status": "queued"}, Reason.OTHER, "queued"),
        ({"status": "incomplete"}, Reason.OTHER, "incomplete"),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens", "x": 1}},
            Reason.LENGTH,
            None,
        ),
        ({"status": "incomplete", "incomplete_details": {"reason": "odd"}}, Reason.OTHER, "odd"),
        ({"status": "completed"}, Reason.STOP, None),
    ],
)
def test_statuses_are_finishes_both_ways(fields: Any, reason: Reason, word: str | None) -> None:
    found = {"id": "x", "object": "response", "model": "m", "created_at": 3, "output": [], **fields}
    reply = RESPONSES.parse_reply(found, context())
    assert isinstance(reply, Reply)
    assert (reply.end.finish.reason, reply.end.finish.word) == (reason, word)
    assert RESPONSES.parse_reply(RESPONSES.render_reply(reply, context()).body, context()) == reply


def test_items_of_others_and_more_choices_are_losses() -> None:
    others = (Other("chat", "odd", {}), Other("chat", "calm", {}, quiet=True))
    end = End((Finish(Reason.STOP),) * 2)
    reply = Reply(Begin(), ((Opaque("chat", "x", {}),), ()), end, others)
    assert len(RESPONSES.render_reply(reply, context()).losses) == 3


def test_seals_beyond_the_first_are_told_as_lost() -> None:
    seals = (Seal("messages", "a"), Seal("messages", "b"))
    reply = Reply(Begin(), ((Reasoning(seals=seals),),), End())
    assert [loss.hint for loss in RESPONSES.render_reply(reply, context()).losses] == [True]


def test_counts_without_a_word_come_back() -> None:
    usage = {
        "input_tokens": 1,
        "input_tokens_details": {"cached_tokens": 0, "odd": 1},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 0, "odd": 2},
        "total_tokens": 3,
        "odd": 3,
    }
    found = {"id": "x", "object": "response", "status": "completed", "output": [], "usage": usage}
    reply = RESPONSES.parse_reply(found, context())
    assert isinstance(reply, Reply)
    assert RESPONSES.render_reply(reply, context()).body["usage"] == usage


@pytest.mark.parametrize(
    ("found", "finish", "complete", "failed"),
    [
        ({"object": "response", "status": "completed", "model": "m"}, "completed", True, False),
        (
            {
                "response": {
                    "object": "response",
                    "status": "incomplete",
                    "incomplete_details": {"reason": "max_output_tokens"},
                }
            },
            "max_output_tokens",
            True,
            False,
        ),
        ({"response": {"object": "response", "status": "in_progress"}}, None, False, False),
        ({"type": "error", "message": "x"}, None, False, True),
        ({"error": {"message": "x"}}, None, False, True),
        ({"type": "response.output_text.delta"}, None, False, False),
    ],
)
def test_a_glance_sees(found: Any, finish: str | None, complete: bool, failed: bool) -> None:
    seen = RESPONSES.spotter.glance(found)
    assert (seen.finish, seen.complete, seen.fault is not None) == (finish, complete, failed)
    if seen.finish or failed:
        assert RESPONSES.spotter.mark.search(json.dumps(found)) or found.get("object")


@pytest.mark.parametrize(
    ("citation", "word"),
    [
        (Citation("char", url="u"), "url_citation"),
        (Citation("page", filename="f"), "file_citation"),
        (Citation("file", file_id="f"), "file_citation"),
        (Citation("char", title="t"), None),
    ],
)
def test_citations_of_others_need_an_address_or_a_file(
    citation: Citation, word: str | None
) -> None:
    found = render_annotation(citation)
    assert (found and found["type"]) == word


def test_annotations_come_back() -> None:
    found = {
        "type": "container_file_citation",
        "container_id": "c",
        "file_id": "f",
        "filename": "n",
        "start_index": 0,
        "end_index": 1,
    }
    assert render_annotation(parse_annotation(found)) == found
    assert parse_annotation({"type": "odd", "x": 1}).extra == Extra("responses", {"x": 1})
