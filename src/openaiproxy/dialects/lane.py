"""The short way for the many records of a stream that say nothing but more words of one open part.

While a part grows by plain words, a record after the other is parsed, walked and rendered to the same end but for the
words. Once a few in a row were, a :class:`Lane` is made of what each of the three has to say of the next: the parser,
which bytes make it alike (:class:`Likeness`); the grammar, whether the part may grow by it; the renderer, how its words
are written. A record that is not alike leaves the lane, which is then forgotten, and takes the long way. Which of the
two ways a record takes can't be told from what is written.
"""

from collections.abc import Callable, Iterable

from attrs import define, field, frozen

from openaiproxy.wire import json
from openaiproxy.wire.mould import Mould

__all__ = ["Lane", "Likeness"]


@frozen
class Likeness:
    """What makes records say more of what one said.

    :param mould: of the records.
    :param read: what the parser keeps of words; ``None`` where it keeps nothing.
    """

    mould: Mould
    read: Callable[[str], None] | None = None

    @classmethod
    def of(
        cls,
        record: bytes,
        text: str,
        names: Iterable[bytes],
        others: tuple[bytes, ...] = (),
        read: Callable[[str], None] | None = None,
    ) -> "Likeness | None":
        """The likeness of a record by the field that its words are in, if there is one.

        :param record: with its lines, up to the blank one.
        :param text: its words, as they were read.
        :param names: of the fields that they can have been read in, the first that says them being the one.
        :param others: names of fields of which the value says nothing.
        """
        for name in names:
            mould = Mould.of(record, name, others)
            found = None if mould is None else cls(mould, read)
            if found is not None and found.words(record) == text:
                return found
        return None

    def words(self, record: bytes) -> str:
        """The words of a record that is alike; none of any other, or where they take more thought.

        :param record: with its lines, up to the blank one.
        """
        spelt = self.mould.words(record)
        return json.loads_words(spelt) if spelt else ""


@define(eq=False)
class Lane:
    """The way of one slot's words.

    :param likeness: of records that may take it.
    :param grow: the grammar's part: whether the slot may grow by these words, which it then has.
    :param write: the renderer's part: the bytes of these words.
    :ivar taken: whether any record did.
    """

    _likeness: Likeness
    _grow: Callable[[str], bool]
    _write: Callable[[str], bytes]
    taken: bool = field(default=False, init=False)

    def take(self, record: bytes) -> bytes:
        """What a record's words are for the caller; nothing if it has to take the long way.

        :param record: with its lines, up to the blank one.
        """
        likeness = self._likeness
        words = likeness.words(record)
        if not words or not self._grow(words):
            return b""
        if likeness.read is not None:
            likeness.read(words)
        self.taken = True
        return self._write(words)
