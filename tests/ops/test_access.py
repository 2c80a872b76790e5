"""One event per request, of plain values, without secrets (pitfall 70)."""

from typing import Any

import pytest
from attrs import evolve
from twisted.logger import LogEvent, Logger, formatEvent

from openaiproxy.ops.access import FIELDS, Exchanged, emit, path_shown


def exchanged(**changes: Any) -> Exchanged:
    known: dict[str, Any] = {
        "id": "3f2a",
        "port": 4567,
        "profile": "gateway",
        "method": b"POST",
        "path": b"/v1/responses",
        "ending": "complete",
        "duration": 1.2344,
    }
    return Exchanged(**(known | changes))


def event_of(value: Exchanged) -> LogEvent:
    events: list[LogEvent] = []
    emit(Logger("openaiproxy.access", observer=events.append), value)
    (event,) = events
    return event


def test_the_line_says_all_that_is_known() -> None:
    value = exchanged(
        path=b"/v1/responses?beta=yes",
        status=200,
        client="alice",
        peer="127.0.0.1",
        model="gpt-5",
        upstream_status=201,
        upstream_id=b"req_1",
        bytes_in=120,
        bytes_out=5021,
        first_byte=0.4121,
        code="upstream_cut",
    )
    assert str(value) == (
        "POST /v1/responses?beta= 200 complete id=3f2a port=4567 profile=gateway client=alice "
        "peer=127.0.0.1 in=120 out=5021 took=1.234 first=0.412 upstream=201 upstream_id=req_1 "
        "model=gpt-5 code=upstream_cut"
    )


def test_the_line_leaves_out_what_nobody_knows() -> None:
    assert str(exchanged(ending="client-gone")) == (
        "POST /v1/responses - client-gone id=3f2a port=4567 profile=gateway client=- peer=- "
        "in=0 out=0 took=1.234"
    )


def test_an_event_holds_every_field_as_a_plain_value() -> None:
    event = event_of(exchanged(status=200, model="gpt-5", client="alice"))
    assert set(FIELDS) <= set(event)
    own = {key: value for key, value in event.items() if not key.startswith("log_")}
    assert str(own.pop("line")).startswith("POST /v1/responses 200 ")
    assert set(own) == set(FIELDS)
    assert all(value is None or type(value) in (str, int, float, bool) for value in own.values())


def test_any_observer_gets_the_line_from_the_format() -> None:
    value = exchanged(path=b"/{line}{port}")
    assert formatEvent(event_of(value)) == str(value)
    assert "/{line}{port}" in str(value)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (b"/v1/files", "/v1/files"),
        (b"/v1/files?", "/v1/files?"),
        (b"/v1/files?after=abc&limit=2", "/v1/files?after=&limit="),
        (b"/v1?a=1&a=2&&b=", "/v1?a=&a=&&b="),
        (b"/v1?abcdef", "/v1?_"),
        (b"/v1?a=b?c=d=e", "/v1?a="),
        (b"/v1?" + b"n" * 50 + b"=1", "/v1?" + "n" * 40 + "...="),
        (b"/v1/" + b"&".join([b"?a=1"] + [b"b=2"] * 99), "/v1/?a=" + "&b=" * 15 + "&..."),
        ("/v1/sk-abcdef/x?sk-abcdef=1", "/v1/[redacted]/x?[redacted]="),
        (b"http://me:pw@host/x", "http://[redacted]@host/x"),
        (b"/a\nb\x1b[0m\xff", "/a\\nb\\x1b[0m\\xff"),
        (b"/" + b"x" * 60_000, "/" + "x" * 199 + "..."),
    ],
)
def test_a_path_is_shown_without_query_values(target: bytes | str, shown: str) -> None:
    assert path_shown(target) == shown


HOSTILE = 'x" 200 complete\r\n2026-01-01T00:00:00 [info] GET /forged \x1b]0;t\x07 \u202e status=200'


@pytest.mark.parametrize(
    "name",
    [
        "method",
        "path",
        "id",
        "model",
        "upstream_id",
        "client",
        "peer",
        "profile",
        "ending",
        "code",
        "dropped",
    ],
)
def test_no_field_can_add_words_or_lines(name: str) -> None:
    hostile = str(
        exchanged(**{name: HOSTILE}, model="m") if name != "model" else exchanged(model=HOSTILE)
    )
    harmless = str(exchanged(**({"model": "m"} | {name: "x"})))
    assert hostile.isascii()
    assert hostile.isprintable()
    assert len(hostile.split(" ")) == len(harmless.split(" "))


def test_a_value_never_holds_what_a_caller_put_into_its_query() -> None:
    value = exchanged(path=b"/v1/x?key=hunter2&a=hunter2", model="Bearer hunter2", id="sk-hunter2")
    assert "hunter2" not in repr(value) + str(value) + repr(event_of(value))


def test_tokens_are_numbers_that_can_be_added_up_and_written_whatever_an_upstream_says() -> None:
    value = exchanged(
        tokens_in=10**400, tokens_cached=-1, tokens_out=10**25, tokens_reasoning=10**25
    )
    counts = (value.tokens_in, value.tokens_cached, value.tokens_out, value.tokens_reasoning)
    assert counts == (2_147_483_647, 0, 2_147_483_647, 2_147_483_647)
    assert exchanged(tokens_in=5).tokens_out is None


def test_a_value_that_was_made_from_another_stays_as_safe() -> None:
    assert evolve(exchanged(), path="/v1?a=b").path == "/v1?a="
