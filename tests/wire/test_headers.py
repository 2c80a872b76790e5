"""Which fields pass a hop."""

import pytest

from openaiproxy.wire.headers import HOP_BY_HOP, end_to_end, first, is_token


def test_fields_pass_in_their_order_and_spelling_and_repeated_ones_stay_repeated_row_93() -> None:
    fields = [(b"X-B", b"1"), (b"x-a", b""), (b"X-B", b"1"), (b"SET-cookie", b"a=b, c")]
    assert end_to_end(iter(fields)) == fields


@pytest.mark.parametrize("name", sorted(HOP_BY_HOP))
def test_a_field_of_one_hop_stays_on_it_in_any_case_row_93(name: bytes) -> None:
    fields = [(name.title(), b"x"), (name, b"y"), (b"X-Kept", b"1")]
    assert end_to_end(fields) == [(b"X-Kept", b"1")]


def test_a_field_that_connection_names_stays_behind_with_it() -> None:
    fields = [
        (b"Connection", b"close , X-Mine,,"),
        (b"x-mine", b"1"),
        (b"X-Other", b"2"),
        (b"connection", b"x-OTHER"),
        (b"X-Kept", b"3"),
    ]
    assert end_to_end(fields) == [(b"X-Kept", b"3")]


@pytest.mark.parametrize(
    "name",
    [b"Content-Length", b"Host", b"Authorization", b"X-Api-Key", b"Api-Key", b"Content-Type"],
)
def test_connection_cannot_take_out_what_gives_a_message_its_meaning(name: bytes) -> None:
    assert end_to_end([(b"Connection", name), (name, b"x")]) == [(name, b"x")]


def test_the_caller_of_it_can_leave_out_more() -> None:
    fields = [(b"Host", b"a"), (b"Expect", b"100-continue"), (b"Accept", b"*/*")]
    assert end_to_end(fields, frozenset((b"host", b"expect"))) == [(b"Accept", b"*/*")]


def test_leaving_out_more_goes_before_what_connection_may_not_name() -> None:
    assert end_to_end([(b"Connection", b"host"), (b"Host", b"a")], frozenset((b"host",))) == []


def test_the_first_field_of_a_name_is_found_in_any_case() -> None:
    fields = [(b"a", b"1"), (b"X-Id", b"2"), (b"x-ID", b"3")]
    assert first(fields, b"x-id") == b"2"
    assert first(fields, b"missing") is None


@pytest.mark.parametrize("name", [b"a", b"X-Api-Key", b"!#$%&'*+-.^_`|~09"])
def test_tokens_are_told(name: bytes) -> None:
    assert is_token(name)


@pytest.mark.parametrize(
    "name", [b"", b"a b", b"a:", b"a\n", b"\x00", b"(a)", b"\xe4", b'"a"', b"a/b"]
)
def test_all_else_is_no_token(name: bytes) -> None:
    assert not is_token(name)
