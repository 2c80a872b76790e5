"""The mechanics of translation, between two toys."""

import pytest
from attrs import evolve

from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Dialect
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.errors import BadRequest
from openaiproxy.hub.events import Fault, FaultKind, Usage
from openaiproxy.hub.loss import Loss
from openaiproxy.hub.request import Request
from openaiproxy.translation import AnswerLimits, Stream, Translation
from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder, encode
from tests.toy import frame, toy

LONG = "a" * 30
BODY = b'{"model":"m","say":["hi"],"tools":["f","' + LONG.encode() + b'"]}'


def translation(body: bytes = BODY, **options: object) -> Translation:
    return Translation.of(
        body,
        caller=toy("one"),
        upstream=toy("two", short=20),
        now=lambda: 7.0,
        new_id=lambda prefix: f"{prefix}1",
        **options,  # type: ignore[arg-type]
    )


def read(data: bytes) -> list[object]:
    return [json.loads(record.data) for record in Decoder().feed(data)]


RECORDS = [
    frame({"begin": "r"}),
    frame({"text": "Hel"}),
    frame({"text": "lo"}),
    frame({"call": ["c", "f"]}),
    frame({"args": "{}"}),
    frame({"finish": "stop"}),
    frame({"over": [3, 4]}),
]
TOLD = [
    {"begin": "r"},
    {"text": "Hel"},
    {"text": "lo"},
    {"call": ["c", "f"]},
    {"args": "{}"},
    {"finish": "tool_calls"},
    {"over": [3, 4]},
]
WHOLE = {"id": "r", "text": "Hello", "calls": [["c", "f", "{}"]], "finish": "stop", "used": [3, 4]}


def test_a_request_is_parsed_and_rendered() -> None:
    made = translation()
    body = json.loads(made.body)
    assert (body["model"], body["say"]) == ("m", ["hi"])
    assert made.losses == ()


def test_a_request_that_cannot_be_read_is_the_callers_fault() -> None:
    for body in (b"{", b"[]", b"{}"):
        with pytest.raises(BadRequest):
            translation(body)


def test_what_the_upstream_has_no_word_for_is_a_loss_18() -> None:
    made = translation(b'{"model":"m","odd":1,"mark":2,"stream":true,"null":null}')
    assert made.losses == (
        Loss("odd", "only one has a word for it"),
        Loss("mark", "only one has a word for it", hint=True),
    )


def test_amendments_change_what_goes_upstream_and_not_what_was_asked() -> None:
    def amend(request: Request) -> Request:
        return evolve(request, model="other")

    made = translation(amend=amend)
    assert (json.loads(made.body)["model"], made.request.model) == ("other", "m")


def test_a_stream_is_told_in_the_callers_words() -> None:
    stream = translation().stream()
    assert read(stream.feed(b"".join(RECORDS))) == TOLD
    assert stream.eof() == b""
    assert (stream.over, stream.begun, stream.model) == (True, True, "m")
    assert (stream.fault, stream.usage) == (None, Usage(3, 4))
    assert stream.end is not None
    assert [loss.path for loss in stream.losses()] == ["PartEnd"]


def test_one_byte_at_a_time_gives_the_same_bytes() -> None:
    stream = translation().stream()
    whole = b"".join(RECORDS)
    pieces = [stream.feed(whole[at : at + 1]) for at in range(len(whole))]
    assert b"".join(pieces) == translation().stream().feed(whole)


def test_one_read_makes_one_write() -> None:
    stream = translation().stream()
    assert stream.feed(b"".join(RECORDS[:3])).count(b"data: ") == 3


@pytest.mark.parametrize("count", range(len(RECORDS) - 2))
def test_a_cut_stream_ends_in_a_fault_26(count: int) -> None:
    stream = translation().stream()
    data = stream.feed(b"".join(RECORDS[:count]) + RECORDS[count][:-1]) + stream.eof()
    assert read(data)[-1] == {"error": "The upstream's answer ended before it was finished."}
    assert stream.fault is not None
    assert stream.fault.kind is FaultKind.TRUNCATED
    assert {"finish"} not in [set(told) for told in read(data)]  # type: ignore[call-overload]


def test_a_finish_that_was_read_is_enough_26() -> None:
    stream = translation().stream()
    data = stream.feed(b"".join(RECORDS[:-1])) + stream.eof()
    assert read(data)[-2:] == [{"finish": "tool_calls"}, {"over": []}]
    assert stream.fault is None


@pytest.mark.parametrize("bad", [b"data: {\n\n", b"data: []\n\n", b'data: {"what":1}\n\n'])
def test_what_cannot_be_read_is_a_fault_and_the_end(bad: bytes) -> None:
    stream = translation().stream()
    data = stream.feed(RECORDS[0] + RECORDS[1] + bad + b"".join(RECORDS[2:]))
    assert stream.over
    assert stream.fault is not None
    assert stream.fault.code == "upstream_malformed"
    assert read(data)[:2] == TOLD[:2]
    assert list(read(data)[2]) == ["error"]  # type: ignore[call-overload]
    assert (stream.feed(b"".join(RECORDS)), stream.eof()) == (b"", b"")


def test_what_the_upstream_says_before_its_first_part_can_still_be_a_status_25() -> None:
    made = translation()
    stream = made.stream()
    stream.feed(RECORDS[0] + frame({"error": "overloaded"}))
    assert not stream.begun
    assert stream.fault is not None
    answer = made.failure(stream.fault)
    assert (answer.status, answer.body) == (500, b'{"error":"overloaded"}')
    assert stream.usage == Usage(1, 0)


def test_a_fault_of_the_shells_own_is_told_once() -> None:
    stream = translation().stream()
    stream.feed(RECORDS[0])
    assert read(stream.take([Fault(FaultKind.TIMEOUT, "Too late.")])) == [{"error": "Too late."}]
    assert stream.eof() == b""


def test_a_parser_may_fail_at_the_end_of_input() -> None:
    stream = translation().stream()
    stream.feed(RECORDS[0] + frame({"call": ["c", "f"]}) * 10)
    assert read(stream.eof()) == [{"error": "Too late."}]
    assert stream.fault is not None
    assert stream.fault.kind is FaultKind.TIMEOUT


def test_tool_names_come_back_as_the_caller_wrote_them_14() -> None:
    made = translation()
    (short,) = made.rendered.names
    assert len(short) == 20
    assert json.loads(made.body)["tools"] == ["f", short]
    records = [RECORDS[0], frame({"call": ["c", short]}), frame({"call": ["d", "f"]}), RECORDS[-2]]
    stream = made.stream()
    told = read(stream.feed(b"".join(records)))
    assert told[1:] == [{"call": ["c", LONG]}, {"call": ["d", "f"]}]
    whole = json.dumps({**WHOLE, "calls": [["c", short, "{}"]]})
    assert json.loads(made.reply(whole).body)["calls"] == [["c", LONG, "{}"]]


STOPPING = b'{"model":"m","stop":["END"]}'


def test_an_answer_is_cut_at_a_stop_sequence_10() -> None:
    stream = translation(STOPPING).stream()
    data = stream.feed(b"".join([RECORDS[0], frame({"text": "a E"}), frame({"text": "ND b"})]))
    assert read(data)[1:] == [{"text": "a "}, {"finish": "stop_sequence"}, {"over": []}]
    assert stream.over
    assert stream.eof() == b""


def test_a_whole_answer_is_cut_too_and_its_usage_known_10() -> None:
    whole = {"id": "r", "text": "a END b", "calls": [], "finish": "stop", "used": [3, 4]}
    answer = translation(STOPPING).reply(json.dumps(whole))
    assert json.loads(answer.body) == {**whole, "text": "a ", "finish": "stop_sequence"}
    assert answer.usage == Usage(3, 4)


def test_a_whole_reply_is_told_in_the_callers_words_23() -> None:
    answer = translation().reply(json.dumps(WHOLE))
    assert json.loads(answer.body) == {**WHOLE, "finish": "tool_calls"}
    assert (answer.status, answer.usage, answer.fault) == (200, Usage(3, 4), None)


def test_a_whole_reply_without_usage_has_none() -> None:
    answer = translation().reply(json.dumps({**WHOLE, "used": None}))
    assert answer.usage is None


@pytest.mark.parametrize(
    ("body", "status"), [(b'{"error":"broken"}', 500), (b"{}", 502), (b"<html>", 502), (b"[]", 502)]
)
def test_a_reply_that_fails_has_a_bad_status(body: bytes, status: int) -> None:
    answer = translation().reply(body)
    assert answer.status == status
    assert answer.fault is not None


def test_a_refusal_keeps_its_status_and_words_54() -> None:
    answer = translation().refusal(429, b"slow down")
    assert (answer.status, answer.body) == (429, b'{"error":"slow down"}')


def test_a_stream_can_be_answered_as_a_whole() -> None:
    answer = translation().collect(b"".join(RECORDS))
    assert json.loads(answer.body) == {**WHOLE, "finish": "tool_calls"}


def test_a_cut_stream_is_no_whole_answer_26() -> None:
    answer = translation().collect(b"".join(RECORDS[:4]))
    assert answer.status == 502
    assert answer.usage is None


def test_a_broken_stream_is_no_whole_answer() -> None:
    assert translation().collect(RECORDS[0] + b"data: {\n\n").status == 502


def test_a_whole_can_be_answered_as_a_stream() -> None:
    told = read(translation().replay(json.dumps(WHOLE)))
    assert told == [TOLD[0], {"text": "Hello"}, *TOLD[3:]]


@pytest.mark.parametrize("body", [b'{"error":"broken"}', b"{}", b"<html>"])
def test_a_failed_whole_is_a_failed_stream(body: bytes) -> None:
    assert [list(told) for told in read(translation().replay(body))] == [["error"]]  # type: ignore[call-overload]


def test_twenty_thousand_deltas_are_all_told() -> None:
    stream: Stream = translation().stream()
    stream.feed(RECORDS[0])
    size = sum(len(stream.feed(RECORDS[1])) for _ in range(20_000))
    assert size == 20_000 * len(RECORDS[1])


def too_large(fault: Fault | None) -> bool:
    return fault is not None and fault.code == "upstream_too_large"


def test_a_stream_holds_no_more_than_its_limit() -> None:
    size = len(b"".join(RECORDS))
    stream = translation(limits=AnswerLimits(reply=size)).stream()
    assert read(stream.feed(b"".join(RECORDS[:-1]))) == TOLD[:-2]
    stream.feed(RECORDS[-1])
    assert (stream.over, stream.fault) == (True, None)
    stream = translation(limits=AnswerLimits(reply=size - 1)).stream()
    stream.feed(b"".join(RECORDS[:-1]))
    assert read(stream.feed(RECORDS[-1])) == [{"error": "The upstream's answer is too large."}]
    assert too_large(stream.fault)


def test_bytes_count_though_nothing_comes_of_them() -> None:
    stream = translation(limits=AnswerLimits(reply=1000)).stream()
    assert stream.feed(RECORDS[0] + b": keep-alive\n\n" * 60) != b""
    assert not stream.over
    stream.feed(b": keep-alive\n\n" * 60)
    assert too_large(stream.fault)


def test_an_event_is_no_larger_than_its_limit() -> None:
    limits = AnswerLimits(event=100)
    stream = translation(limits=limits).stream()
    stream.feed(RECORDS[0] + b"data: " + b"x" * 200)
    assert too_large(stream.fault)
    answer = translation(limits=limits).collect(RECORDS[0] + frame({"text": "x" * 200}))
    assert too_large(answer.fault)


def test_a_whole_answer_is_no_larger_than_its_limit() -> None:
    body = json.dumps({**WHOLE, "text": "x" * 2000})
    for size, fails in ((len(body), False), (len(body) - 1, True)):
        made = translation(limits=AnswerLimits(reply=size))
        assert too_large(made.reply(body).fault) is fails
        assert (list(read(made.replay(body))[-1]) == ["error"]) is fails  # type: ignore[call-overload]
    body = b"".join(RECORDS)
    assert too_large(translation(limits=AnswerLimits(reply=len(body) - 1)).collect(body).fault)


def test_losses_are_listed_up_to_a_limit_and_those_that_matter_first() -> None:
    body = b'{"model":"m","mark":2,"odd":1,"odder":1}'
    assert [loss.path for loss in translation(body).losses] == ["mark", "odd", "odder"]
    for count, listed in ((3, ["mark", "odd", "odder"]), (2, ["odd", "odder"]), (1, ["odd"])):
        made = translation(body, limits=AnswerLimits(losses=count))
        assert [loss.path for loss in made.losses] == listed
        assert len(made.rendered.losses) == 3
    for losses, count in ((AnswerLimits(), 1), (AnswerLimits(losses=0), 0)):
        made = translation(limits=losses)
        stream = made.stream()
        stream.feed(b"".join(RECORDS))
        assert len(stream.losses()) == count


CHATTING = b'{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true%b}'
CHUNKS = b"".join(
    encode(data)
    for data in (
        b'{"id":"c","model":"m","created":1,"choices":[{"index":0,"delta":{"content":"Hi"}}]}',
        b'{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
        b'{"id":"c","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}',
        b"[DONE]",
    )
)


def chatting(body: bytes, caller: Dialect = CHAT, **options: object) -> Translation:
    return Translation.of(
        body,
        caller=caller,
        upstream=CHAT,
        now=lambda: 7.0,
        new_id=lambda prefix: f"{prefix}1",
        **options,  # type: ignore[arg-type]
    )


def test_usage_is_asked_for_without_being_told_to_who_did_not_ask_28() -> None:
    made = chatting(CHATTING % b"", metered=True)
    assert json.loads(made.body)["stream_options"] == {"include_usage": True}
    stream = made.stream()
    told = stream.feed(CHUNKS)
    assert b"usage" not in told
    assert told.endswith(b"data: [DONE]\n\n")
    assert stream.usage == Usage(3, 4)


def test_usage_is_told_to_who_asked_whether_metered_or_not_28() -> None:
    body = CHATTING % b',"stream_options":{"include_usage":true}'
    told = {chatting(body, metered=metered).stream().feed(CHUNKS) for metered in (True, False)}
    assert len(told) == 1
    assert b'"total_tokens":7' in told.pop()


def test_usage_is_not_asked_for_by_itself_28() -> None:
    assert "stream_options" not in json.loads(chatting(CHATTING % b"").body)
    whole = CHATTING.replace(b"true", b"false") % b""
    assert "stream_options" not in json.loads(chatting(whole, metered=True).body)


def test_an_amendment_has_the_last_word_about_usage_28() -> None:
    made = chatting(
        CHATTING % b"", metered=True, amend=lambda request: evolve(request, usage=False)
    )
    assert "stream_options" not in json.loads(made.body)


def test_a_caller_whose_wire_always_tells_usage_has_it_asked_for_28() -> None:
    body = b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],"stream":true}'
    made = chatting(body, MESSAGES)
    assert json.loads(made.body)["stream_options"] == {"include_usage": True}
    assert b'"output_tokens":4' in made.stream().feed(CHUNKS)


def test_few_bytes_that_are_many_events_are_limited_by_what_they_weigh() -> None:
    parts = b",".join([b"{}"] * 300)
    body = encode(b'{"choices":[{"index":0,"delta":{"content":[%b]}}]}' % parts)
    made = chatting(CHATTING % b"", limits=AnswerLimits(reply=2 * len(body)))
    stream = made.stream()
    stream.feed(body)
    assert too_large(stream.fault)
    assert too_large(made.collect(body + CHUNKS).fault)
    assert chatting(CHATTING % b"").collect(body + CHUNKS).fault is None


def test_a_profile_that_stores_nothing_sends_no_ids_that_nobody_could_look_up_39() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "a", "name": "f", "arguments": "{}"}
    bare = {"type": "reasoning", "id": "rs_1", "summary": []}
    made = Translation.of(
        json.dumps({"model": "m", "input": [bare, call]}),
        caller=RESPONSES,
        upstream=RESPONSES,
        now=lambda: 7.0,
        new_id=lambda prefix: f"{prefix}1",
        amend=lambda request: evolve(request, store=False),
    )
    del call["id"]
    assert json.loads(made.body)["input"] == [call]
    assert [loss.path for loss in made.losses] == ["turns[0].parts[0]"]
