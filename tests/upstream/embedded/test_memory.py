"""A memory that forgets."""

from openaiproxy.upstream.embedded.memory import Memory


def test_the_least_recently_used_is_forgotten_first() -> None:
    memory: Memory[str] = Memory(most=2)
    memory.keep("a", "A", 1)
    memory.keep("b", "B", 1)
    assert memory.get("a") == "A"
    memory.keep("c", "C", 1)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == ("A", None, "C")


def test_bytes_are_bounded_too() -> None:
    memory: Memory[str] = Memory(heaviest=10)
    memory.keep("a", "A", 6)
    memory.keep("b", "B", 6)
    assert list(memory) == ["B"]
    memory.keep("c", "C", 11)
    assert len(memory) == 0
    memory.keep("d", "D", 10)
    assert list(memory) == ["D"]


def test_what_replaces_a_thing_takes_over_its_room() -> None:
    memory: Memory[str] = Memory(heaviest=10)
    memory.keep("a", "A", 8)
    memory.keep("a", "AA", 8)
    assert list(memory) == ["AA"]


def test_a_dropped_thing_gives_its_room_back() -> None:
    memory: Memory[str] = Memory(heaviest=10)
    memory.keep("a", "A", 8)
    assert memory.drop("a")
    assert not memory.drop("a")
    memory.keep("b", "B", 8)
    assert list(memory) == ["B"]
