"""Parent and worker, joined in memory."""

import time
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport

from openaiproxy.workers.link import Gone, Link


class Pair:
    """Two ends, and what was said to the second."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.lost = 0
        self.one = Link(lambda word, message: None, {})
        self.other = Link(lambda *heard: self.said.append(heard), answers, self._lose)
        for end in (self.one, self.other):
            end.makeConnection(StringTransport())

    def _lose(self) -> None:
        self.lost += 1

    def pass_on(self, step: int = 1 << 20) -> None:
        """Let everything that was written arrive, in steps of so many bytes."""
        for sender, receiver in ((self.one, self.other), (self.other, self.one)):
            transport: Any = sender.transport
            data = transport.value()
            transport.clear()
            for at in range(0, len(data), step):
                receiver.dataReceived(data[at : at + step])


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_what_is_said_is_heard_and_what_is_asked_is_answered(step: int) -> None:
    pair = Pair({"double": lambda message: message["number"] * 2})
    pair.one.say("begin", at=[1, "ü"])
    asked = pair.one.ask("double", number=21)
    pair.pass_on(step)
    assert pair.said == [("begin", {"say": "begin", "at": [1, "ü"]})]
    assert asked.result == 42


def test_a_long_answer_takes_no_longer_than_its_length() -> None:
    """In steps as a pipe's. That of twice the length takes about twice as long, and not four times."""

    def spent(size: int) -> float:
        pair = Pair({"bodies": lambda _: "x" * size})
        asked = pair.one.ask("bodies")
        began = time.process_time()
        pair.pass_on(1 << 10)
        assert len(asked.result) == size
        return time.process_time() - began

    assert spent(8 << 20) < 16 * max(spent(1 << 20), 0.005)


def test_an_answer_that_is_too_long_is_said_to_be_none() -> None:
    pair = Pair({"bodies": lambda _: "x" * (17 << 20), "now": lambda _: "now"})
    failed: list[str] = []
    pair.one.ask("bodies").addErrback(lambda failure: failed.append(failure.getErrorMessage()))
    after = pair.one.ask("now")
    pair.pass_on()
    assert failed == ["the answer is too long"]
    assert after.result == "now"


def test_an_answer_may_come_later_and_in_another_order() -> None:
    later: Deferred[str] = Deferred()
    pair = Pair({"later": lambda _: later, "now": lambda _: "now"})
    slow, quick = pair.one.ask("later"), pair.one.ask("now")
    pair.pass_on()
    assert (slow.called, quick.result) == (False, "now")
    later.callback("later")
    pair.pass_on()
    assert slow.result == "later"


def test_what_can_not_be_answered_fails() -> None:
    def broken(_: Any) -> None:
        raise ValueError("broken")

    pair = Pair({"broken": broken})
    failed: list[str] = []
    for what in ("broken", "unknown"):
        pair.one.ask(what).addErrback(lambda failure: failed.append(failure.getErrorMessage()))
    pair.pass_on()
    assert failed == ["broken", "no such question: unknown"]


def test_nobody_waits_for_one_who_is_gone() -> None:
    pair = Pair({})
    failed: list[type[BaseException] | None] = []
    pair.other.ask("before").addErrback(lambda failure: failed.append(failure.type))
    pair.other.connectionLost()
    pair.other.connectionLost()
    pair.other.ask("after").addErrback(lambda failure: failed.append(failure.type))
    pair.other.say("after")
    assert failed == [Gone, Gone]
    assert pair.lost == 1


def test_an_answer_that_nobody_waits_for_any_more_is_let_go() -> None:
    pair = Pair({"one": lambda _: 1})
    asked = pair.one.ask("one")
    asked.addErrback(lambda _: None)
    asked.cancel()
    pair.pass_on()
    assert pair.one.ask("one") is not asked
