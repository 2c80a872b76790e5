"""What a later worker has to know of what the others have told."""

import pytest
from twisted.internet.task import Clock

from openaiproxy.web.admin import ENDED, TRIED
from openaiproxy.web.sessions import LIFETIME
from openaiproxy.workers.tidings import Tidings


@pytest.mark.parametrize(("kind", "seconds"), [(TRIED, 60), (ENDED, LIFETIME)])
def test_tidings_are_kept_as_long_as_they_matter(kind: str, seconds: int) -> None:
    clock = Clock()
    tidings = Tidings(clock.seconds)
    tidings.keep(kind, "one")
    clock.advance(seconds - 1)
    tidings.keep(kind, "two")
    assert tidings.told() == [(kind, "one"), (kind, "two")]
    clock.advance(1)
    assert tidings.told() == [(kind, "two")]


def test_a_flood_of_one_kind_pushes_out_none_of_the_other() -> None:
    tidings = Tidings(Clock().seconds)
    tidings.keep(ENDED, "session")
    for number in range(5000):
        tidings.keep(TRIED, str(number))
    told = tidings.told()
    assert (ENDED, "session") in told
    assert len(told) == 1025
