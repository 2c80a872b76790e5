"""The last bodies in memory, for who looks at one request, where a profile asks for it.

They are those of the payload log (:mod:`openaiproxy.ops.payloads`): redacted, escaped, cut at a number of characters,
named by their size where they are no text. Here they stand beside the number of their request in the ring of the last
requests, and the oldest go when all together would take more bytes than the shelf has. Those of a request that still
runs are held beside it, each up to its number of characters. What its profile does not ask for is never held, not even
for a moment.
"""

from collections.abc import Callable, Sequence

from attrs import define, field

from openaiproxy.ops.payloads import Body, binary_kind

__all__ = ["Shelf"]

_END = "\n---\n"


@define(eq=False)
class Shelf:
    """The last bodies of one profile.

    :param limit: bytes of all of them.
    :param chars: characters kept of one body.
    """

    limit: int
    chars: int
    _kept: dict[int, tuple[bytes, ...]] = field(factory=dict, init=False, repr=False)
    _bytes: int = field(default=0, init=False)

    def body(self, write: Callable[[str], None], direction: str, media: str, coding: str) -> Body:
        """Begin to hold a body.

        :param write: is given its entry, once.
        :param media: value of ``Content-Type``.
        :param coding: value of ``Content-Encoding``.
        """
        return Body(write, direction, self.chars, binary_kind(media, coding))

    def put(self, number: int, entries: Sequence[str]) -> None:
        """Keep the bodies of one request.

        :param number: the request's, in the ring.
        """
        kept = tuple(entry.removesuffix(_END).encode("utf-8", "replace") for entry in entries)
        self._kept[number] = kept
        self._bytes += _size(kept)
        self._make_room()

    def resize(self, limit: int, chars: int) -> None:
        """Have another size from now on."""
        self.limit, self.chars = limit, chars
        self._make_room()

    def _make_room(self) -> None:
        while self._bytes > self.limit:
            self._bytes -= _size(self._kept.pop(next(iter(self._kept))))

    def of(self, number: int) -> tuple[str, ...] | None:
        """The bodies of a request; ``None`` where they are not, or no longer, kept."""
        kept = self._kept.get(number)
        return None if kept is None else tuple(each.decode() for each in kept)

    def __contains__(self, number: int) -> bool:
        return number in self._kept


def _size(kept: tuple[bytes, ...]) -> int:
    return sum(map(len, kept))
