"""One connection: every way in which an answer, a request or the connection itself can end."""

import gc
from collections.abc import Callable

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from openaiproxy.errors import BadUpstream
from openaiproxy.upstream.upload import WrongBodyLength

from .peers import Body, Line, Taker, Talk, error, got, take

pytestmark = pytest.mark.usefixtures("nothing_unhandled", "on_wire")

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n"
HEADS = [SIZED, CHUNKED, ENDLESS]


def reusable(talk: Talk) -> bool:
    """Whether the next request goes out on the same connection."""
    before = len(talk.peer.lines)
    talk.turn()
    talk.ask()
    return len(talk.peer.lines) == before


@pytest.mark.parametrize(
    ("said", "body"),
    [(SIZED + b"0123456789", b"0123456789"), (CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", b"abc")],
)
def test_a_whole_answer_is_done_and_leaves_the_connection_for_the_next(
    said: bytes, body: bytes
) -> None:
    for size in (len(said), 1, 7):
        talk = Talk()
        asked = talk.ask()
        pieces = [said[i : i + size] for i in range(0, len(said), size)]
        talk.line.say(pieces[0])
        for piece in pieces[1:]:
            talk.line.say(piece)
        _, taker = take(asked)
        assert (taker.body, taker.ending) == (body, "done")
        assert reusable(talk)


def test_chunks_of_one_read_are_delivered_together() -> None:
    talk = Talk()
    _, taker = talk.answered(CHUNKED)
    talk.line.say(b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n")
    assert taker.pieces == [b"abc"]


def test_a_body_that_the_close_ends_is_marked_as_such() -> None:
    talk = Talk()
    _, taker = talk.answered(ENDLESS + b"all")
    talk.line.close()
    assert (taker.body, taker.ending) == (b"all", "by close")
    assert not reusable(talk)


def test_a_body_without_end_that_is_reset_is_broken() -> None:
    talk = Talk()
    _, taker = talk.answered(ENDLESS + b"all")
    talk.line.reset()
    assert (taker.body, taker.ending) == (b"all", "broken")


@pytest.mark.parametrize("how", [Line.close, Line.reset])
@pytest.mark.parametrize(
    "said",
    [
        SIZED,
        SIZED + b"012345678",
        CHUNKED,
        CHUNKED + b"3",
        CHUNKED + b"3\r\nab",
        CHUNKED + b"3\r\nabc\r\n",
        CHUNKED + b"3\r\nabc\r\n0\r\n",
        CHUNKED + b"3\r\nabc\r\n0\r\nTrailer: x\r\n",
    ],
)
def test_an_answer_that_is_cut_short_is_broken(said: bytes, how: Callable[[Line], None]) -> None:
    talk = Talk()
    _, taker = talk.answered(said)
    how(talk.line)
    assert taker.ending == "broken"
    assert not reusable(talk)


@pytest.mark.parametrize("bad", [b"zz\r\n", b"-3\r\nabc\r\n", b"3\r\nabcd\r\n", b"\r\n"])
def test_a_bad_chunk_breaks_the_answer_and_closes_the_connection_at_once(bad: bytes) -> None:
    talk = Talk()
    _, taker = talk.answered(CHUNKED + b"2\r\nok\r\n")
    talk.line.say(bad)
    assert taker.body.startswith(b"ok")
    assert taker.ending == "broken"
    assert talk.line.aborted
    assert not reusable(talk)


def test_a_fault_that_comes_with_the_head_shows_in_the_body() -> None:
    _, taker = Talk().answered(CHUNKED + b"2\r\nok\r\nzz\r\n")
    assert (taker.body, taker.ending) == (b"ok", "broken")


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: CLOSE, x\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=0\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200",
    ],
)
def test_a_connection_that_may_not_go_on_is_closed_after_its_answer(said: bytes) -> None:
    talk = Talk()
    _, taker = talk.answered(said)
    assert (taker.body, taker.ending) == (b"ok", "done")
    assert talk.line.aborted
    assert not reusable(talk)


def test_a_head_with_bytes_after_it_where_no_body_can_be_closes_the_connection() -> None:
    talk = Talk()
    _, taker = talk.answered(b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert (taker.body, taker.ending) == (b"", "done")
    assert not reusable(talk)


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\n\r\n", b"x"])
def test_what_an_idle_connection_says_answers_nothing(said: bytes) -> None:
    talk = Talk()
    talk.answered(SIZED + b"0123456789")
    talk.line.say(said)
    assert talk.line.aborted
    assert not reusable(talk)


def test_a_connection_is_free_when_its_answers_end_is_heard_of() -> None:
    talk = Talk()

    class Next(Taker):
        def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
            super().connectionLost(reason)
            talk.ask()

    asked = talk.ask()
    talk.line.say(SIZED)
    got(asked).deliver(Next())
    talk.line.heard()
    talk.line.say(b"0123456789")
    assert len(talk.peer.lines) == 1
    assert talk.line.heard().startswith(b"GET ")


def test_a_half_read_answer_never_leaves_its_connection_to_another() -> None:
    talk = Talk()
    talk.ask()
    talk.line.say(SIZED + b"01234")
    talk.ask()
    assert len(talk.peer.lines) == 2


# -- backpressure -------------------------------------------------------------------------------


def test_a_body_that_nobody_takes_is_not_read() -> None:
    talk = Talk()
    talk.ask()
    talk.line.say(SIZED)
    assert talk.line.paused


def test_a_body_that_is_taken_at_once_is_never_paused() -> None:
    talk = Talk()
    states: list[bool] = []
    talk.ask().addCallback(lambda answer: answer.deliver(Taker()))
    talk.line.pauseProducing = lambda: states.append(True)  # type: ignore[method-assign]
    talk.line.say(SIZED)
    assert states == []


@pytest.mark.parametrize("head", HEADS)
def test_a_paused_body_stops_the_reading_until_it_is_resumed(head: bytes) -> None:
    talk = Talk()
    _, taker = talk.answered(head)
    assert taker.transport is not None
    taker.transport.pauseProducing()  # type: ignore[attr-defined]
    assert talk.line.paused
    taker.transport.resumeProducing()  # type: ignore[attr-defined]
    assert not talk.line.paused


def test_a_taker_that_pauses_while_it_gets_the_first_bytes_stays_paused() -> None:
    class Full(Taker):
        def dataReceived(self, data: bytes) -> None:
            super().dataReceived(data)
            self.transport.pauseProducing()  # type: ignore[union-attr]

    talk = Talk()
    asked = talk.ask()
    talk.line.say(SIZED + b"01")
    taker = Full()
    got(asked).deliver(taker)
    assert (taker.body, talk.line.paused) == (b"01", True)


def test_bytes_that_come_although_paused_are_delivered() -> None:
    talk = Talk()
    _, taker = talk.answered(SIZED)
    taker.transport.pauseProducing()  # type: ignore[union-attr]
    talk.line.say(b"0123456789")
    assert (taker.body, taker.ending) == (b"0123456789", "done")
    assert not talk.line.paused  # or an idle connection would not notice its end
    assert reusable(talk)


def test_pausing_after_the_end_does_not_touch_the_next_request() -> None:
    talk = Talk()
    answer, taker = talk.answered(SIZED + b"0123456789")
    asked = talk.ask()
    taker.transport.pauseProducing()  # type: ignore[union-attr]
    answer.abort()
    assert not talk.line.paused
    assert not talk.line.aborted
    talk.line.say(SIZED)
    _, second = take(asked)
    answer.abort()
    taker.transport.resumeProducing()  # type: ignore[union-attr]
    talk.line.say(b"0123456789")
    assert second.ending == "done"


# -- aborting -----------------------------------------------------------------------------------


@pytest.mark.parametrize("head", HEADS)
def test_aborting_a_body_closes_at_once_and_breaks_it(head: bytes) -> None:
    talk = Talk()
    answer, taker = talk.answered(head)
    answer.abort()
    assert talk.line.aborted
    talk.line.say(b"0123456789")
    answer.abort()
    talk.turn()
    assert (taker.body, taker.ending) == (b"", "broken")
    answer.abort()
    assert not reusable(talk)


def test_an_endless_body_that_was_aborted_is_not_taken_for_ended() -> None:
    talk = Talk()
    answer, taker = talk.answered(ENDLESS)
    answer.abort()
    talk.line.close()
    assert taker.ending == "broken"


def test_stopping_the_bodys_transport_is_an_abort() -> None:
    talk = Talk()
    _, taker = talk.answered(SIZED)
    taker.transport.stopProducing()  # type: ignore[union-attr]
    assert talk.line.aborted
    talk.turn()
    assert taker.ending == "broken"


def test_aborting_while_paused_closes_at_once() -> None:
    talk = Talk()
    answer, taker = talk.answered(SIZED)
    taker.transport.pauseProducing()  # type: ignore[union-attr]
    answer.abort()
    taker.transport.resumeProducing()  # type: ignore[union-attr]
    talk.turn()
    assert talk.line.aborted
    assert taker.ending == "broken"


def test_aborting_before_the_body_is_taken_breaks_it() -> None:
    for said in (SIZED + b"01", SIZED + b"0123456789"):
        talk = Talk()
        asked = talk.ask()
        talk.line.say(said)
        answer = got(asked)
        answer.abort()
        talk.turn()
        taker = Taker()
        answer.deliver(taker)
        assert (taker.body, taker.ending) == (b"", "broken")


def test_aborting_from_within_a_delivery_ends_the_delivery() -> None:
    class Enough(Taker):
        def dataReceived(self, data: bytes) -> None:
            super().dataReceived(data)
            self.transport.stopProducing()  # type: ignore[union-attr]

    talk = Talk()
    asked = talk.ask()
    talk.line.say(CHUNKED)
    taker = Enough()
    got(asked).deliver(taker)
    talk.line.say(b"1\r\na\r\n0\r\n\r\n")
    assert talk.line.aborted
    talk.line.say(b"1\r\nb\r\n")
    talk.turn()
    assert (taker.pieces, taker.ending) == ([b"a"], "broken")


# -- request bodies -----------------------------------------------------------------------------


def test_a_body_of_known_length_is_sent_plainly() -> None:
    talk, body = Talk(), Body(5)
    asked = talk.ask(b"POST", body=body)
    assert talk.line.heard().endswith(b"\r\nContent-Length: 5\r\n\r\n")
    body.write(b"he")
    body.write(b"")
    body.write(b"llo")
    body.done.callback(None)
    assert talk.line.heard() == b"hello"
    talk.line.say(SIZED + b"0123456789")
    assert take(asked)[1].ending == "done"
    assert body.calls == ["start"]
    assert reusable(talk)


def test_a_body_of_unknown_length_is_sent_in_chunks_and_empty_writes_do_not_end_it() -> None:
    talk, body = Talk(), Body()
    talk.ask(b"POST", body=body)
    assert talk.line.heard().endswith(b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    body.write(b"a" * 20)
    body.write(b"")
    assert talk.line.heard() == b"14\r\n" + b"a" * 20 + b"\r\n"
    body.done.callback(None)
    assert talk.line.heard() == b"0\r\n\r\n"


class AtHand(Body):
    """A body that is there as a whole, and written piece by piece."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__(sum(map(len, pieces)))
        self.pieces = pieces

    def startProducing(self, consumer: object) -> "Deferred[None]":
        produced = super().startProducing(consumer)
        for piece in self.pieces:
            self.write(piece)
        self.done.callback(None)
        return produced


def test_a_body_that_is_at_hand_leaves_with_its_head_in_one_write() -> None:
    talk = Talk()
    talk.answered(SIZED + b"0123456789")
    writes: list[bytes] = []
    talk.line.write = writes.append  # type: ignore[method-assign]
    talk.ask(b"POST", body=AtHand(b"he", b"llo"))
    assert len(writes) == 1
    assert writes[0].endswith(b"\r\nContent-Length: 5\r\n\r\nhello")


def test_a_body_that_is_over_is_not_paused_by_its_last_bytes() -> None:
    talk, body = Talk(), AtHand(b"hello")
    talk.answered(SIZED + b"0123456789")

    def fill(data: bytes) -> None:
        if talk.line.producer is not None:
            talk.line.producer.pauseProducing()

    talk.line.write = fill  # type: ignore[method-assign]
    talk.ask(b"POST", body=body)
    assert body.calls == ["start"]


def test_no_more_of_it_is_held_for_that_than_a_read_brings() -> None:
    talk = Talk()
    talk.answered(SIZED + b"0123456789")
    writes: list[bytes] = []
    talk.line.write = writes.append  # type: ignore[method-assign]
    talk.ask(b"POST", body=AtHand(*[b"x" * 50_000] * 6))
    assert max(map(len, writes)) < 150_000
    assert b"".join(writes).endswith(b"\r\n\r\n" + b"x" * 300_000)


def test_an_answer_leaves_no_circle_of_objects_behind(on_wire: str) -> None:
    talk = Talk()
    talk.answered(SIZED + b"0123456789")
    gc.collect()
    gc.disable()
    try:
        for said in (SIZED + b"0123456789", CHUNKED + b"3\r\nabc\r\n0\r\n\r\n"):
            talk.answered(said)
            assert gc.collect() == 0
    finally:
        gc.enable()


def test_an_empty_body_is_one_too() -> None:
    talk, body = Talk(), Body(0)
    talk.ask(b"GET", body=body)
    body.done.callback(None)
    assert talk.line.heard().endswith(b"\r\nContent-Length: 0\r\n\r\n")
    talk.line.say(SIZED + b"0123456789")


def test_a_full_connection_holds_the_body_back() -> None:
    talk, body = Talk(), Body()
    talk.ask(b"POST", body=body)
    assert talk.line.streaming
    talk.line.producer.pauseProducing()
    talk.line.producer.resumeProducing()
    assert body.calls == ["start", "pause", "resume"]
    body.done.callback(None)
    assert talk.line.producer is None


@pytest.mark.parametrize("written", [b"", b"1234"])
def test_a_body_that_is_too_short_closes_the_connection(written: bytes) -> None:
    talk, body = Talk(), Body(5)
    asked = talk.ask(b"POST", body=body)
    body.write(written)
    body.done.callback(None)
    assert isinstance(error(asked), WrongBodyLength)
    assert talk.line.aborted
    talk.turn()


def test_a_body_that_is_too_long_is_stopped_and_nothing_of_the_excess_is_sent() -> None:
    talk, body = Talk(), Body(5)
    asked = talk.ask(b"POST", body=body)
    talk.line.heard()
    body.write(b"1234")
    body.write(b"56GET / HTTP/1.1")
    assert talk.line.heard() == b"1234"
    assert isinstance(error(asked), WrongBodyLength)
    assert talk.line.aborted
    assert body.calls == ["start", "stop"]
    body.write(b"more")
    assert talk.line.heard() == b""
    talk.turn()


class Trouble(Exception):
    pass


def test_what_the_body_fails_with_is_what_the_request_fails_with() -> None:
    talk, body = Talk(), Body()
    asked = talk.ask(b"POST", body=body)
    talk.line.heard()
    body.done.errback(Trouble())
    assert isinstance(error(asked), Trouble)
    assert talk.line.aborted
    assert talk.line.heard() == b""  # no last chunk: the upstream must not take it for whole
    talk.turn()


def test_a_body_that_cannot_even_start_fails_the_request() -> None:
    class Broken(Body):
        def startProducing(self, consumer: object) -> "object":  # type: ignore[override]
            raise Trouble

    talk = Talk()
    asked = talk.ask(b"POST", body=Broken())
    assert isinstance(error(asked), Trouble)
    assert talk.line.aborted
    talk.turn()


def test_a_body_that_fails_after_the_answer_began_breaks_the_answer() -> None:
    talk, body = Talk(), Body()
    asked = talk.ask(b"POST", body=body)
    talk.line.say(SIZED + b"01")
    _, taker = take(asked)
    body.done.errback(Trouble())
    assert taker.ended is not None
    assert taker.ended.check(Trouble)
    assert talk.line.aborted
    talk.turn()


@pytest.mark.parametrize("how", [Line.close, Line.reset])
def test_a_connection_lost_under_a_body_stops_it_once(how: Callable[[Line], None]) -> None:
    talk, body = Talk(), Body()
    asked = talk.ask(b"POST", body=body)
    body.write(b"abc")
    how(talk.line)
    assert body.calls == ["start", "stop"]
    problem = error(asked)
    assert isinstance(problem, BadUpstream)
    assert problem.code == "upstream_closed"
    body.done.errback(Trouble())  # late, and nobody's business any more
    body.write(b"late")


@pytest.mark.parametrize("status", [400, 413, 503])
def test_a_refusal_that_comes_early_is_delivered_and_stops_the_body(status: int) -> None:
    talk, body = Talk(), Body(10)
    asked = talk.ask(b"POST", body=body)
    body.write(b"abc")
    talk.line.say(b"HTTP/1.1 %d No\r\nContent-Length: 3\r\n\r\n" % status)
    answer, taker = take(asked)
    assert body.calls == ["start", "stop"]
    assert not talk.line.aborted
    talk.line.say(b"no!")
    assert (answer.status, taker.body, taker.ending) == (status, b"no!", "done")
    assert talk.line.aborted
    assert not reusable(talk)


def test_an_answer_that_comes_early_lets_the_body_go_on_until_it_ends() -> None:
    talk, body = Talk(), Body()
    asked = talk.ask(b"POST", body=body)
    talk.line.heard()
    talk.line.say(CHUNKED + b"1\r\na\r\n")
    _, taker = take(asked)
    body.write(b"more")
    assert talk.line.heard() == b"4\r\nmore\r\n"
    assert body.calls == ["start"]
    talk.line.say(b"0\r\n\r\n")
    assert (taker.body, taker.ending) == (b"a", "done")
    assert body.calls == ["start", "stop"]
    assert talk.line.aborted
    assert not reusable(talk)


def test_an_answer_that_outlasts_the_body_leaves_the_connection_for_the_next() -> None:
    talk, body = Talk(), Body()
    asked = talk.ask(b"POST", body=body)
    talk.line.say(CHUNKED)
    _, taker = take(asked)
    body.done.callback(None)
    talk.line.say(b"0\r\n\r\n")
    assert taker.ending == "done"
    assert reusable(talk)


def test_aborting_while_both_ways_are_open_stops_the_body() -> None:
    talk, body = Talk(), Body()
    asked = talk.ask(b"POST", body=body)
    talk.line.say(CHUNKED)
    answer, taker = take(asked)
    answer.abort()
    talk.turn()
    assert body.calls == ["start", "stop"]
    assert taker.ending == "broken"


def test_a_connection_that_is_gone_when_the_body_would_start_never_starts_it() -> None:
    class Dead(Line):
        def registerProducer(self, producer: object, streaming: bool) -> None:
            producer.stopProducing()  # type: ignore[attr-defined]

    talk, body = Talk(), Body()
    talk.answered(SIZED + b"0123456789")
    talk.line.__class__ = Dead
    asked = talk.ask(b"POST", body=body)
    assert body.calls == ["stop"]
    talk.line.close()
    assert isinstance(error(asked), BadUpstream)


def test_no_clock_runs_for_a_request() -> None:
    talk = Talk()
    talk.ask()
    assert isinstance(talk.clock, Clock)
    assert talk.clock.getDelayedCalls() == []
