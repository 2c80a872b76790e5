"""An upstream that gives no answer at all: ours to tell, in JSON, with a word that says why."""

import openai
import pytest

from tests.e2e.callers import Caller
from tests.e2e.house import Place

ASKED = [{"role": "user", "content": "Hello"}]


@pytest.fixture(params=["sync", "async"])
def unanswered(place: Place, callers, request: pytest.FixtureRequest) -> Caller:
    """A caller whose answers are not the upstream's."""
    return callers[place.name, request.param]


def test_row_92_an_upstream_that_resets_before_its_answer_is_a_502(unanswered: Caller) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        unanswered.call(
            lambda c: c.chat.completions.create(
                model="gpt-4.1", messages=ASKED, extra_headers={"x-embedded-fault": "reset"}
            )
        )
    assert caught.value.status_code == 502
    assert caught.value.code == "upstream_closed"
    unanswered.place.check_requests()
    assert len(unanswered.place.passed()) == 1, "it may have been acted on, so it is sent once"
