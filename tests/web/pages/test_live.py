"""What happens, told as it happens to pages that watch."""

from typing import Any

from twisted.internet.protocol import Protocol

from openaiproxy.ops.access import Exchanged
from openaiproxy.web.pages.status.live import Live
from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder
from tests.ops.test_metrics import said
from tests.web.pages.test_status import ADMIN, TOKEN, get, session, sign_in, status_of
from tests.web.wiring import Connection, Wired, request, wire

EVIL = "<script>alert(1)</script>"


def watched(*fields: str) -> tuple[Wired, Connection]:
    wired = wire("gateway", token=TOKEN)
    return wired, get(wired, "/status/events", *(fields or (ADMIN,)))


def note(wired: Wired, **changes: Any) -> Exchanged:
    value = said(**changes)
    wired.port.watch.note(value)
    return value


def events(connection: Connection) -> list[tuple[bytes, Any]]:
    """All that a page was told so far."""
    body = connection.received().partition(b"\r\n\r\n")[2]
    text = b""
    while body and not body.startswith(b"0\r\n"):
        size, _, body = body.partition(b"\r\n")
        text += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return [(each.event, json.loads(each.data)) for each in Decoder(1 << 24).feed(text)]


def numbers(connection: Connection) -> list[int]:
    return [
        each["number"]
        for kind, found in events(connection)
        if kind == b"requests"
        for each in found
    ]


def test_a_page_is_told_how_things_are_at_once_and_then_every_two_seconds_row_115() -> None:
    wired, page = watched()
    wired.clock.pump([1, 1, 1, 1])
    told = events(page)
    assert [kind for kind, _ in told] == [b"state"] * 3
    assert told[0][1]["ports"] == [
        {"port": 4567, "profile": "gateway", "running": 0, "limit": 4096}
    ]
    assert [state["uptime"] for _, state in told] == [0.0, 2.0, 4.0]


def test_in_flight_is_seen_while_it_is_row_115() -> None:
    wired, page = watched()
    wired.client().send(request())
    wired.clock.advance(2)
    wired.upstream.asked[0].answer().end()
    wired.clock.advance(2)
    running = [state["ports"][0]["running"] for kind, state in events(page) if kind == b"state"]
    assert running == [0, 1, 0]
    assert events(page)[-1][1]["since"]["most_running"] == 1


def test_a_request_is_told_when_it_has_ended_with_all_that_is_known_row_117() -> None:
    wired, page = watched()
    wired.client().send(request("GET", "/v1/files?secret=x", "X-Request-Id: my-own"))
    wired.clock.advance(0.25)
    played = wired.upstream.asked[0].answer(status=429)
    played.end()
    assert numbers(page) == []
    wired.clock.advance(0.5)
    [(_, [told])] = [each for each in events(page) if each[0] == b"requests"]
    assert told["id"] == "my-own"
    assert told["path"] == "/v1/files?secret="
    assert (told["status"], told["ending"], told["error"]) == (429, "complete", True)
    assert told["marks"] == [["sent", 0.0], ["upstream head 429", 0.25], ["complete", 0.25]]
    assert (told["took"], told["tokens"], told["kept"]) == (0.25, None, False)


def test_dialects_tokens_and_losses_are_told() -> None:
    wired, page = watched()
    note(wired, dialects="messages>responses", tokens_in=3, tokens_out=4, dropped="top_k")
    wired.clock.advance(0.5)
    [told] = events(page)[-1][1]
    assert (told["from"], told["to"], told["dropped"]) == ("messages", "responses", "top_k")
    assert told["tokens"] == [3, 0, 4, 0]


def test_what_is_hostile_is_told_as_text_in_json() -> None:
    wired, page = watched()
    note(wired, id=EVIL, model=f"{EVIL}\r\n\r\nevent: x\ndata: y", path="/v1/" + EVIL, client=EVIL)
    wired.clock.advance(0.5)
    kind, [told] = events(page)[-1]
    assert kind == b"requests"
    assert told["id"] == EVIL
    assert told["model"].startswith(EVIL + "\\r\\n")


def test_many_at_once_are_told_together_and_each_once() -> None:
    wired, page = watched()
    for _ in range(150):
        note(wired)
    wired.clock.advance(0.5)
    for _ in range(20):
        note(wired)
    wired.clock.advance(0.5)
    kinds = [kind for kind, _ in events(page)]
    assert kinds == [b"state", b"requests", b"requests"]
    assert numbers(page) == list(range(1, 171))


def test_no_more_than_the_last_200_are_told_row_117() -> None:
    wired = wire("gateway", token=TOKEN)
    for _ in range(500):
        note(wired)
    page = get(wired, "/status/events", ADMIN)
    assert numbers(page) == list(range(301, 501))


def test_the_hour_is_told_whole_at_first_and_what_grew_after_that() -> None:
    wired = wire("gateway", token=TOKEN)
    for _ in range(70):
        note(wired, model="gpt-5", tokens_in=1, tokens_out=2, first_byte=0.5)
        wired.clock.advance(60)
    page = get(wired, "/status/events", ADMIN)
    note(wired)
    wired.clock.advance(2)
    whole, grown = (state for kind, state in events(page) if kind == b"state")
    assert [each["number"] for each in whole["minutes"]] == list(range(11, 70))
    assert [each["number"] for each in grown["minutes"]] == [69, 70]
    assert whole["minutes"][0]["tokens"] == [1, 0, 2, 0]
    assert whole["minutes"][0]["models"] == [["gpt-5", 1, 0, 1, 0, 2, 0]]
    assert grown["minute"] == 70


def test_minutes_that_a_page_slept_through_are_told_when_it_wakes() -> None:
    wired, page = watched()
    for _ in range(5):
        note(wired)
        wired.clock.advance(60)
    wired.clock.advance(30)
    transport(page).producer.pauseProducing()
    note(wired)
    told = len(events(page))
    wired.clock.pump([10] * 5)
    note(wired)
    wired.clock.advance(9)
    transport(page).producer.resumeProducing()
    wired.clock.advance(2)
    (woke, _), (_, state) = events(page)[told:]
    assert woke == b"requests"
    assert [each["number"] for each in state["minutes"]] == [4, 5, 6]
    wired.clock.advance(2)
    assert [each["number"] for each in events(page)[-1][1]["minutes"]] == [5, 6]


def transport(page: Connection) -> Any:
    return page.transport


def test_a_page_that_does_not_read_is_told_nothing_and_nothing_waits_for_it() -> None:
    wired, page = watched()
    transport(page).producer.pauseProducing()
    before = len(page.received())
    for _ in range(1000):
        note(wired)
        wired.clock.advance(0.05)
    assert len(page.received()) == before
    transport(page).producer.resumeProducing()
    assert numbers(page) == list(range(801, 1001))
    note(wired)
    wired.clock.advance(0.5)
    assert numbers(page)[-1] == 1001


def test_a_page_that_does_not_read_for_a_minute_is_let_go() -> None:
    wired, page = watched()
    transport(page).producer.pauseProducing()
    wired.clock.advance(61)
    assert page.transport.disconnecting
    page.lose()
    assert wired.port.watch.ring._listeners == []
    assert wired.lines[-1]["ending"] == "timeout-client-write"


def test_a_page_that_leaves_is_forgotten_and_said_to_have_left_row_116() -> None:
    wired, page = watched()
    note(wired)
    page.lose()
    assert wired.port.watch.ring._listeners == []
    assert (wired.lines[-1]["ending"], wired.lines[-1]["route"]) == ("client-gone", "status")
    [cancelled] = [event for event in wired.events if event["event"] == "proxy.request.cancelled"]
    assert (cancelled["fields"]["route"], cancelled["fields"]["reason"]) == (
        "status",
        "client-gone",
    )
    assert wired.clock.getDelayedCalls() == []


def test_a_page_that_is_gone_at_the_first_word_leaves_nothing_behind() -> None:
    wired = wire("gateway", token=TOKEN)
    live = Live(wired.port.watch, wired.clock, lambda: True)
    assert live.subscribe()
    heard: list[bytes] = []

    class Gone(Protocol):
        def dataReceived(self, data: bytes) -> None:
            heard.append(data)
            live.abort()

    live.deliver(Gone())
    assert len(heard) == 1
    assert wired.clock.getDelayedCalls() == []
    assert wired.port.watch.ring._listeners == []


def test_a_page_that_stops_reading_within_the_first_words_is_told_the_rest_later() -> None:
    wired = wire("gateway", token=TOKEN)
    note(wired)
    live = Live(wired.port.watch, wired.clock, lambda: True)
    heard: list[bytes] = []

    class Slow(Protocol):
        def dataReceived(self, data: bytes) -> None:
            heard.append(data)
            live.pauseProducing()

    live.deliver(Slow())
    wired.clock.advance(10)
    assert [each.split(b"\n")[0] for each in heard] == [b"retry: 3000", b"event: state"]
    live.resumeProducing()
    live.resumeProducing()
    assert heard[-1].startswith(b"event: requests\n")
    live.stopProducing()


def test_of_numbers_that_no_model_ever_spent_as_much_is_told_as_is_counted() -> None:
    wired, page = watched()
    note(wired, tokens_in=10**30, tokens_out=1)
    wired.clock.advance(2)
    assert numbers(page) == [1]
    assert events(page)[-1][1]["since"]["most_in"] == 2**31 - 1


def test_only_so_many_may_watch() -> None:
    wired, first = watched()
    for _ in range(15):
        assert status_of(get(wired, "/status/events", ADMIN)) == 200
    full = get(wired, "/status/events", ADMIN)
    assert status_of(full) == 503
    assert b"too_many_watchers" in full.received()
    first.lose()
    assert status_of(get(wired, "/status/events", ADMIN)) == 200


def test_a_stream_ends_with_its_session() -> None:
    wired = wire("gateway", token=TOKEN)
    cookie = session(sign_in(wired))
    page = get(wired, "/status/events", cookie)
    assert status_of(page) == 200
    wired.clock.advance(2)
    wired.client().send(request("POST", "/status/sign-out", cookie, body=b""))
    wired.clock.advance(2)
    assert page.received().endswith(b"\r\n0\r\n\r\n")
    assert status_of(get(wired, "/status/events", cookie)) == 401


def test_a_port_that_drains_does_not_wait_for_who_watches() -> None:
    wired, page = watched()
    wired.site.drain()
    wired.clock.advance(2)
    assert page.received().endswith(b"\r\n0\r\n\r\n")
    assert wired.lines[-1]["ending"] == "complete"


def test_who_only_asks_what_it_is_gets_no_stream() -> None:
    wired = wire("gateway", token=TOKEN)
    head = get(wired, "/status/events", ADMIN, method="HEAD")
    assert status_of(head) == 200
    assert wired.port.watch.ring._listeners == []
    assert status_of(get(wired, "/status/events", ADMIN, method="POST")) == 405


def test_watching_is_in_nobodys_way_of_the_ring() -> None:
    wired, page = watched()
    page.lose()
    assert wired.port.watch.ring.recent() == ()
