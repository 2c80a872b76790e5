"""Who parses HTTP is a setting of the process."""

from openaiproxy.profile import WIRE
from tests.config.world import World


def test_the_wire_is_what_was_said_or_ours_where_it_can_be() -> None:
    assert World().load().wire == WIRE
    assert World().load(wire="twisted").wire == "twisted"


def test_another_wire_is_a_mistake() -> None:
    [said] = World().mistakes(wire="asyncio")
    assert "expected ours or twisted" in said
