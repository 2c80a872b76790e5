"""A copy with other fields is what attrs would have made."""

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError

from openaiproxy.hub.events import Begin
from openaiproxy.hub.parts import Text
from openaiproxy.hub.request import Request, Role, Turn
from openaiproxy.hub.values import changed

ASKED = Request("m", (Turn(Role.USER, (Text("hi"),)),), stream=True, stop=("a",))


def test_a_copy_is_the_one_that_attrs_makes() -> None:
    assert changed(ASKED, usage=True, stop=()) == evolve(ASKED, usage=True, stop=())
    assert changed(Begin("a"), model="m") == evolve(Begin("a"), model="m")


def test_the_value_itself_stays_as_it_was() -> None:
    changed(ASKED, model="other", stop=())
    assert (ASKED.model, ASKED.stop) == ("m", ("a",))


def test_a_copy_is_as_frozen_as_what_it_was_made_of() -> None:
    with pytest.raises(FrozenInstanceError):
        changed(ASKED, model="other").model = "third"  # type: ignore[misc]


def test_a_field_that_a_value_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="Request has no such field"):
        changed(ASKED, modell="other")
