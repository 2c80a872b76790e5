"""A memory that forgets: bounded in things and in bytes, the least recently used going first."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

from attrs import define, field

__all__ = ["Memory"]

T = TypeVar("T")


@define
class Memory(Generic[T]):
    """Things by their id.

    :param most: how many things at most.
    :param heaviest: how many bytes at most, by what :meth:`keep` was told.
    """

    most: int = 256
    heaviest: int = 64 * 2**20
    _things: OrderedDict[str, tuple[T, int]] = field(factory=OrderedDict, init=False, repr=False)
    _weight: int = field(default=0, init=False)

    def keep(self, id: str, thing: T, weight: int) -> None:
        """Remember a thing, in place of another of the same id; forget old ones to make room.

        :param weight: bytes. A thing heavier than the whole memory isn't kept.
        """
        self.drop(id)
        self._things[id] = (thing, weight)
        self._weight += weight
        while self._things and (len(self._things) > self.most or self._weight > self.heaviest):
            _, (_, lost) = self._things.popitem(last=False)
            self._weight -= lost

    def get(self, id: str) -> T | None:
        """The thing, which is then the most recently used, or ``None``."""
        if id not in self._things:
            return None
        self._things.move_to_end(id)
        return self._things[id][0]

    def drop(self, id: str) -> bool:
        """Forget a thing; tells whether it was there."""
        if id not in self._things:
            return False
        self._weight -= self._things.pop(id)[1]
        return True

    def __iter__(self) -> Iterator[T]:
        """The things, least recently used first."""
        return iter([thing for thing, _ in self._things.values()])

    def __len__(self) -> int:
        return len(self._things)
