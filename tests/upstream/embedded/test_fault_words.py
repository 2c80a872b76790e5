"""The grammar of faults."""

import pytest

from openaiproxy.upstream.embedded.faults import FRAMINGS, Fault, parse_fault, split_model
from openaiproxy.upstream.embedded.refusals import Refusal


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("", Fault()),
        (" , ", Fault()),
        ("delay=1.5", Fault(delay=1.5)),
        ("pace=.1,cut=3", Fault(pace=0.1, cut=3)),
        ("stall", Fault(stall=-1)),
        ("stall=4", Fault(stall=4)),
        ("reset", Fault(reset=True)),
        ("status=429, retry-after=7", Fault(status=429, retry_after=7.0)),
        ("error=0,failed=2", Fault(error=0, failed=2)),
        ("framing=crlf+bytewise", Fault(framing=frozenset({"crlf", "bytewise"}))),
        ("noend,html", Fault(noend=True, html=True)),
        ("chunks=5,size=100", Fault(chunks=5, size=100)),
        ("refuse=tools+beta", Fault(refuse=frozenset({"tools", "beta"}))),
        ("shape=bare+done", Fault(shape=frozenset({"bare", "done"}))),
        ("filtered,code=x", Fault(filtered=True, code="x")),
        ("ratelimits", Fault(ratelimits=0)),
        ("ratelimits=3", Fault(ratelimits=3)),
    ],
)
def test_words_are_read(words: str, fault: Fault) -> None:
    assert parse_fault(words) == fault


@pytest.mark.parametrize(
    "words",
    [
        "explode",
        "Cut=3",
        "cut",
        "cut=",
        "cut=-1",
        "cut=1.5",
        "cut=²",
        "cut=99999999999999999999999",
        "delay=inf",
        "delay=nan",
        "delay=-1",
        "delay=soon",
        "reset=1",
        "status=200",
        "status=600",
        "framing=odd",
        "framing=cr+crlf",
        "shape=odd",
        "filtered=1",
        "code=a-b",
        "chunks=0",
        "size=0",
    ],
)
def test_what_cannot_be_read_is_a_400_that_names_the_word(words: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_fault(f"delay=0,{words}")
    assert caught.value.status == 400
    assert f"'{words.partition('=')[0]}'" in caught.value.message


def test_later_words_win_and_others_stay() -> None:
    assert parse_fault("cut=2", parse_fault("cut=1,noend")) == Fault(cut=2, noend=True)


def test_the_suffix_of_a_model_is_taken_off() -> None:
    assert split_model("gpt-4.1!cut=3,noend") == ("gpt-4.1", "cut=3,noend")
    assert split_model("gpt-4.1") == ("gpt-4.1", "")


@pytest.mark.parametrize("style", sorted(FRAMINGS))
def test_every_style_of_framing_is_a_word(style: str) -> None:
    assert parse_fault(f"framing={style}").framing == {style}
