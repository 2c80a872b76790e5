"""How long the upstream may take, and what is reported of it (row 101)."""

import pytest

from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.profile import Simple
from openaiproxy.simple.waiting import Wait, origin_fields, wait_fields, wait_for

SIMPLE = Simple(timeout=600.0, longest=900.0)


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        (None, Wait(600.0, "default")),
        ("", Wait(600.0, "default")),
        (5000, Wait(5.0, "provided", 5000)),
        ("5000", Wait(5.0, "provided", 5000)),
        (1500.5, Wait(1.5005, "provided", 1500)),
        (900_000, Wait(900.0, "provided", 900_000)),
        (900_001, Wait(900.0, "clamped", 900_001)),
        (0, Wait(600.0, "invalid", 0)),
        (-1, Wait(600.0, "invalid", -1)),
        ("soon", Wait(600.0, "invalid")),
        (True, Wait(600.0, "invalid")),
        ([5000], Wait(600.0, "invalid")),
        (float("inf"), Wait(600.0, "invalid")),
        ("nan", Wait(600.0, "invalid")),
        (10**400, Wait(600.0, "invalid")),
    ],
)
def test_a_timeout_is_taken_clamped_or_left_row_101_defect_10(asked: object, wait: Wait) -> None:
    assert wait_for(asked, SIMPLE) == wait


def test_it_is_reported_in_headers_row_101() -> None:
    assert dict(wait_fields(Wait(900.0, "clamped", 1_000_000), 905.0)) == {
        b"x-openai-proxy-upstream-timeout-ms": b"900000",
        b"x-openai-proxy-timeout-source": b"clamped",
        b"x-openai-proxy-requested-timeout-ms": b"1000000",
        b"x-openai-proxy-fetch-timeout-ms": b"905000",
    }
    names = [name for name, _ in wait_fields(Wait(600.0, "default"), 905.0)]
    assert b"x-openai-proxy-requested-timeout-ms" not in names


@pytest.mark.parametrize(
    ("code", "origin"),
    [
        ("upstream_first_byte_timeout", b"openai_sdk_timeout"),
        ("upstream_deadline_timeout", b"openai_sdk_timeout"),
        ("upstream_connect_timeout", b"undici_connect_timeout"),
        ("upstream_idle_timeout", b"undici_body_timeout"),
        ("upstream_total_timeout", b"proxy_socket_timeout"),
        ("some_timeout", b"unknown_timeout"),
    ],
)
def test_an_error_names_whose_patience_ended_row_101(code: str, origin: bytes) -> None:
    error = BadUpstream(504, code, "late")
    assert origin_fields(error) == [(b"x-openai-proxy-timeout-origin", origin)]


def test_another_error_names_nobodys() -> None:
    assert origin_fields(BadRequest(400, "bad_request", "no")) == []
