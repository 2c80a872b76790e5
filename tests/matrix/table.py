"""The table: a row for each client and upstream, a column for each case."""

from collections.abc import Iterable, Mapping

from attrs import frozen

__all__ = ["Cell", "draw"]


@frozen
class Cell:
    """What became of one.

    :param word: ``ok``, ``RED``, ``skip``, or nothing where there is nothing to try.
    """

    word: str
    reason: str = ""


_COLOURS = {"ok": "32", "RED": "31", "skip": "33"}

Key = tuple[str, str, str]


def draw(cells: Mapping[Key, Cell], columns: Iterable[str], *, coloured: bool = False) -> list[str]:
    """The table's lines, and below it every reason with the cells that it is the reason of.

    :param cells: by client, upstream and case, in the order of the rows.
    """
    columns = list(columns)
    rows = list(dict.fromkeys((client, upstream) for client, upstream, _ in cells))
    first = max(map(len, ["client", *(client for client, _ in rows)]))
    second = max(map(len, ["upstream", *(upstream for _, upstream in rows)]))
    lines = [f"{'client':{first}}  {'upstream':{second}}  " + "  ".join(columns)]
    for client, upstream in rows:
        words = [
            _word(cells.get((client, upstream, case), Cell("")), len(case), coloured)
            for case in columns
        ]
        lines.append(f"{client:{first}}  {upstream:{second}}  " + "  ".join(words))
    return [*lines, "", *_reasons(cells), _sum(cells)]


def _word(cell: Cell, width: int, coloured: bool) -> str:
    word = f"{cell.word:{width}}"
    colour = _COLOURS.get(cell.word)
    return f"\x1b[{colour}m{word}\x1b[0m" if coloured and colour else word


def _reasons(cells: Mapping[Key, Cell]) -> list[str]:
    places: dict[tuple[str, str], list[str]] = {}
    for (client, upstream, case), cell in cells.items():
        if cell.reason:
            places.setdefault((cell.word, cell.reason), []).append(
                f"{client} | {upstream} | {case}"
            )
    return [
        line
        for (word, reason), where in places.items()
        for line in (f"{word}: {reason}", *(f"    {place}" for place in _few(where)))
    ]


def _few(where: list[str]) -> list[str]:
    return where if len(where) <= 6 else [*where[:4], f"and {len(where) - 4} more"]


def _sum(cells: Mapping[Key, Cell]) -> str:
    words = [cell.word for cell in cells.values()]
    return ", ".join(f"{words.count(word)} {word}" for word in ("ok", "RED", "skip"))
