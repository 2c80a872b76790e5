"""Parts, seals, counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openaiproxy.hub.events import End, FaultKind, Finish, Reason, Usage
from openaiproxy.hub.parts import Audio, Reasoning, Seal


@given(
    st.sampled_from(["chat", "responses", "messages"]), st.text(), st.sampled_from(["", "redacted"])
)
def test_a_packed_seal_comes_back_whole_37(dialect: str, data: str, kind: str) -> None:
    seal = Seal(dialect, data, kind)
    assert Seal.read(seal.packed(), "other") == seal


@pytest.mark.parametrize(
    "text", ["", "EqQB", "openaiproxy.1.", "openaiproxy.1.chat", "openaiproxy.1..k.x"]
)
def test_any_other_string_is_the_dialects_own_seal_37(text: str) -> None:
    assert Seal.read(text, "messages") == Seal("messages", text)


def test_secrets_and_bulk_are_not_shown_by_repr() -> None:
    assert "abc" not in repr(Seal("chat", "abc"))
    assert "abc" not in repr(Audio("abc"))


def test_summary_parts_are_shown_apart_by_a_blank_line_27() -> None:
    assert Reasoning(("a", "b"), ("raw",)).shown() == "a\n\nb"
    assert Reasoning((), ("raw",)).shown() == "raw"


def test_no_token_is_counted_twice_46() -> None:
    assert Usage(1220, 100, cached=3, written=1217).fresh == 0
    assert Usage(1220, 100, cached=1000, written=1217).fresh == 0
    assert Usage(1220, 100, cached=20).fresh == 1200


def test_a_total_is_computed_where_none_was_given_30() -> None:
    assert Usage(10, 5).sum == 15
    assert Usage(10, 5, total=16).sum == 16


def test_the_first_choice_is_at_hand() -> None:
    assert End((Finish(Reason.LENGTH), Finish(Reason.STOP))).finish.reason is Reason.LENGTH


def test_each_kind_of_fault_has_a_status() -> None:
    assert FaultKind.CONTEXT.status == 400
    assert all(400 <= kind.status < 600 for kind in FaultKind)
    assert len({kind.value[1] for kind in FaultKind}) == len(FaultKind)
