"""What is concluded of three probing streams (row 26)."""

import pytest

from openaiproxy.simple.hops import Observed, conclude

MODES = ("active-data", "comment-heartbeat", "silent-control")
WHOLE = (90.0, True, True)
LOST = (1.0, False, False)


def cut(seconds: float) -> tuple[float, bool, bool]:
    """A stream that began well and ended early."""
    return (seconds, True, False)


@pytest.mark.parametrize(
    ("events", "comments", "silence", "conclusion"),
    [
        (WHOLE, WHOLE, WHOLE, "cap-not-reproduced"),
        (WHOLE, WHOLE, cut(60), "idle-cap-confirmed"),
        (WHOLE, cut(60), cut(60), "comment-buffering-suspected"),
        (WHOLE, cut(60), WHOLE, "comment-buffering-suspected"),
        (cut(60), cut(64), cut(60), "total-response-cap-suspected"),
        (cut(60), cut(64), WHOLE, "total-response-cap-suspected"),
        (cut(40), cut(60), cut(40), "inconclusive"),
        (cut(60), WHOLE, WHOLE, "inconclusive"),
        (WHOLE, WHOLE, cut(29), "inconclusive"),
        (cut(5), cut(5), cut(5), "inconclusive"),
        (WHOLE, WHOLE, LOST, "inconclusive"),
        (LOST, LOST, LOST, "inconclusive"),
    ],
)
def test_each_conclusion_has_its_observations_row_26(events, comments, silence, conclusion) -> None:
    observed = zip(MODES, (events, comments, silence), strict=True)
    assert conclude(Observed(mode, *said) for mode, said in observed) == conclusion


def test_without_one_of_the_three_nothing_is_concluded_row_26() -> None:
    assert conclude([]) == "inconclusive"
    assert conclude(Observed(mode, *WHOLE) for mode in MODES[:2]) == "inconclusive"
