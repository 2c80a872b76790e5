"""What is left behind by a request goes at once: there is nothing in it for the collector of cycles."""

import gc
from collections.abc import Callable, Iterator

import pytest

from tests.web.test_bridge import ASKED, EVENTS, STREAM, bridged, framed, post
from tests.web.wiring import PlayedAnswer, Wired, wire

OURS = {"Body", "Exchange", "LightRequest", "Passing", "Pump", "Record", "Stream", "Translated"}


@pytest.fixture
def kept() -> Iterator[None]:
    """Cycles that are found are kept to be looked at."""
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield
    gc.set_debug(0)
    gc.garbage.clear()


def whole(played: PlayedAnswer) -> None:
    played.send(framed(*STREAM))
    played.end()


def cut(played: PlayedAnswer) -> None:
    played.send(framed(*STREAM)[:400])
    played.end(ConnectionError())


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("ends", [whole, cut])
@pytest.mark.parametrize("make", [bridged, lambda: wire("passthrough")], ids=["bridge", "relay"])
def test_a_stream_leaves_no_cycles(
    make: Callable[[], Wired], ends: Callable[[PlayedAnswer], None]
) -> None:
    wired = make()
    client = post(wired, {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    ends(played)
    assert client.received()
    # The upstream that is played here remembers; a real one lets go.
    played.protocol = None
    wired.upstream.asked.clear()
    gc.collect()
    assert not {type(each).__name__ for each in gc.garbage} & OURS
