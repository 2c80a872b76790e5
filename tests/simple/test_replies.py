"""What a caller is told of a whole answer, and when it is asked again."""

import json

import pytest

from openaiproxy.errors import BadUpstream
from openaiproxy.simple.endpoints import find_endpoint
from openaiproxy.simple.pretty import pretty
from openaiproxy.simple.replies import kept_fields, may_help, pause, tell

CHAT = find_endpoint("POST", "/openai")[0]
PROMPT = find_endpoint("POST", "/chatgpt")[0]


def test_json_is_written_in_lines_of_two_blanks() -> None:
    assert tell(CHAT, b'{"a":[1]}', None, "p") == b'{\n  "a": [\n    1\n  ]\n}'


def test_whole_numbers_beyond_64_bits_and_half_pairs_stay_exact() -> None:
    assert json.loads(pretty({"a": 2**70})) == {"a": 2**70}
    assert json.loads(pretty({"a": "\ud83d"})) == {"a": "\ud83d"}


def test_a_transcript_that_is_no_json_is_told_as_text_in_json() -> None:
    assert json.loads(tell(None, b"WEBVTT\n", "text/plain; charset=utf-8", "p")) == "WEBVTT\n"
    assert json.loads(tell(None, b'{"text":"x"}', "application/json", "p")) == {"text": "x"}


@pytest.mark.parametrize("endpoint", [CHAT, PROMPT])
def test_what_is_no_json_is_the_upstreams_fault(endpoint) -> None:
    with pytest.raises(BadUpstream):
        tell(endpoint, b"<html>", "text/html", "p")


def test_a_prompts_answer_has_its_own_form_row_19() -> None:
    completion = b'{"id":"c","choices":[{"message":{"content":"Ho"}}]}'
    assert json.loads(tell(PROMPT, completion, None, "p"))["parentMessageId"] == "p"


def test_headers_of_limits_and_names_are_kept_row_95_defect_8() -> None:
    kept = [
        (b"x-request-id", b"1"),
        (b"Retry-After", b"2"),
        (b"X-RateLimit-Remaining-Tokens", b"3"),
        (b"openai-processing-ms", b"4"),
    ]
    assert kept_fields([*kept, (b"Set-Cookie", b"a"), (b"Content-Type", b"b")]) == kept


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_what_passes_is_asked_again_row_103(status: int) -> None:
    assert may_help(status, [])
    assert not may_help(status, [(b"X-Should-Retry", b"false")])


@pytest.mark.parametrize("status", [200, 400, 401, 404, 422])
def test_what_stays_is_not_row_103(status: int) -> None:
    assert not may_help(status, [])


@pytest.mark.parametrize(
    ("attempt", "said", "seconds"),
    [
        (0, None, 0.5),
        (1, None, 1.0),
        (0, b"3", 3.0),
        (0, b"0", 0.5),
        (0, b"600", 0.5),
        (0, b"x", 0.5),
    ],
)
def test_a_pause_is_as_long_as_the_upstream_says_row_103(
    attempt: int, said: bytes | None, seconds: float
) -> None:
    assert pause(attempt, [(b"Retry-After", said)] if said else []) == seconds
