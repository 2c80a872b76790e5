"""What becomes of each wire field, as data.

Each dialect's ``fields.py`` holds a :class:`Table` for its request, its reply, and for objects
within them. A parser asks the table which fields it has no word for (:meth:`Table.rest`); the
documentation is printed from it; and a test checks that every field of the published schema has a
row. What a table says is thereby what happens.
"""

from collections.abc import Iterable, Mapping
from enum import Enum

from attrs import field, frozen

from openaiproxy.hub.parts import Extra, JsonObject

__all__ = ["Fate", "Row", "Table", "lost", "rst"]


class Fate(Enum):
    """What becomes of a field on the way to another dialect."""

    MAPPED = "mapped"
    """The hub has a word for it, and so has at least one other dialect."""
    EMULATED = "emulated"
    """The hub has a word for it; where the other wire has none, we do what it asks for."""
    PASSED = "passed"
    """Kept as an extra: whole to its own dialect, a loss elsewhere."""
    REMADE = "remade"
    """Bookkeeping of the wire, which each writer makes anew (types, sequence numbers, padding)."""
    LOST = "lost"
    """Named as a loss wherever it is read."""


@frozen
class Row:
    """One wire field.

    :param name: on the wire.
    :param hub: where in the hub it lives; with ``LOST``, the reason.
    :param note: what a reader of the documentation should know.
    :param hint: for ``PASSED`` and ``LOST``: whether the answer is the same without it.
    """

    name: str
    fate: Fate
    hub: str = ""
    note: str = ""
    hint: bool = False


@frozen
class Table:
    """The fields of one wire object.

    :param dialect: whose.
    :param title: of which object, such as ``request`` or ``request.tools[] (function)``.
    """

    dialect: str
    title: str
    rows: tuple[Row, ...]
    _ours: frozenset[str] = field(init=False, repr=False)
    _hints: frozenset[str] = field(init=False, repr=False)

    @_ours.default
    def _read_ours(self) -> frozenset[str]:
        return frozenset(row.name for row in self.rows if row.fate is not Fate.PASSED)

    @_hints.default
    def _read_hints(self) -> frozenset[str]:
        return frozenset(row.name for row in self.rows if row.hint)

    @property
    def names(self) -> frozenset[str]:
        """Every field with a row."""
        return frozenset(row.name for row in self.rows)

    @property
    def hints(self) -> frozenset[str]:
        """Fields whose loss changes no answer."""
        return self._hints

    def rest(self, found: JsonObject) -> Extra | None:
        """What a parser has no word for: the fields that are passed, and those with no row.

        :param found: the wire object. A field that says ``null`` says nothing.
        """
        ours = self._ours
        if found.keys() <= ours:
            return None
        fields = {k: v for k, v in found.items() if k not in ours and v is not None}
        return Extra(self.dialect, fields, self._hints) if fields else None


def lost(tables: Iterable[Table]) -> Mapping[str, str]:
    """Path and reason of every field that is lost wherever it is read."""
    return {
        f"{table.title}.{row.name}": row.hub
        for table in tables
        for row in table.rows
        if row.fate is Fate.LOST
    }


def rst(table: Table) -> str:
    """A table as reStructuredText.

    :param table: any.
    """
    title = f"{table.dialect}: {table.title}"
    lines = [title, "-" * len(title), "", ".. list-table::", "   :header-rows: 1", ""]
    cells = [("field", "fate", "in the hub", "note")]
    cells += [(f"``{row.name}``", row.fate.value, row.hub, row.note) for row in table.rows]
    for row in cells:
        for number, cell in enumerate(row):
            bullet = "   *" if number == 0 else "    "
            lines.append(f"{bullet} - {cell}".rstrip())
    return "\n".join([*lines, ""])
