"""What three probing streams tell of the hops on their way (see :mod:`openaiproxy.simple.probe`).

=================================  =====================================================================
``idle-cap-confirmed``             only the silent stream was cut
``comment-buffering-suspected``    that of events came through, and that of comments was cut: a hop keeps
                                   comments back, or does not count them as life
``total-response-cap-suspected``   events and comments were cut, and after about the same time
``cap-not-reproduced``             all three came through
``inconclusive``                   anything else, and whatever is not known to be a probe's stream
=================================  =====================================================================

Cut is a stream that began well and ended early, after half a minute at least: whatever ends sooner than that ends for
another reason.
"""

from collections.abc import Iterable

from attrs import frozen

__all__ = ["INCONCLUSIVE", "Observed", "conclude"]

INCONCLUSIVE = "inconclusive"

_LEAST_SECONDS = 30.0
_NEAR_SECONDS, _NEAR_PART = 5.0, 0.15


@frozen
class Observed:
    """One stream as it came.

    :param mode: what was asked for.
    :param seconds: from the question to the end.
    :param began: whether its head was that of such a stream.
    :param whole: whether its last event came.
    :param status: of the answer, if there was one.
    :param ended: by what it ended early; empty where it didn't.
    """

    mode: str
    seconds: float
    began: bool = False
    whole: bool = False
    status: int | None = None
    ended: str = ""

    @property
    def cut(self) -> bool:
        """Whether something on the way cut it."""
        return self.began and not self.whole and self.seconds >= _LEAST_SECONDS


def conclude(observed: Iterable[Observed]) -> str:
    """What these say together.

    :param observed: one stream of each mode.
    """
    found = {each.mode: each for each in observed if each.began}
    match [found.get(mode) for mode in ("active-data", "comment-heartbeat", "silent-control")]:
        case [Observed() as events, Observed() as comments, Observed() as silence]:
            return _conclude(events, comments, silence)
    return INCONCLUSIVE


def _conclude(events: Observed, comments: Observed, silence: Observed) -> str:
    if events.whole and comments.whole and silence.whole:
        return "cap-not-reproduced"
    if events.whole and comments.whole and silence.cut:
        return "idle-cap-confirmed"
    if events.whole and comments.cut:
        return "comment-buffering-suspected"
    if events.cut and comments.cut and _are_near(events.seconds, comments.seconds):
        return "total-response-cap-suspected"
    return INCONCLUSIVE


def _are_near(one: float, other: float) -> bool:
    return abs(one - other) <= max(_NEAR_SECONDS, _NEAR_PART * max(one, other))
