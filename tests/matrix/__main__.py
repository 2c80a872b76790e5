"""``python -m tests.matrix``: every client, every upstream, every case, as a table.

Exits with 1 if a cell is red. The AI SDK's packages are installed into a folder that is gone
afterwards, or found in the one that ``OPENAIPROXY_NODE`` names.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from tests.matrix.house import SPEAKS, House, open_house
from tests.matrix.node_talks import Node, install, installed
from tests.matrix.rows import COLUMNS, ROWS, Row, Skipped, Trial
from tests.matrix.table import Cell, draw

__all__ = ["main"]


def _node(folder: Path) -> Node | str:
    found, _ = installed()
    if found is not None:
        return Node(found)
    reason = install(folder)
    return Node(folder) if reason is None else reason


def _cell(trial: Trial, row: Row, house: House, upstream: str, case: str) -> Cell:
    try:
        trial.run(row, house.places[upstream], case)
    except Skipped as skipped:
        return Cell("skip", str(skipped))
    except Exception as error:
        words = " ".join(str(error).split())
        return Cell("RED", f"{type(error).__name__}: {words[:300]}")
    return Cell("ok")


def _wanted(words: list[str]) -> Iterator[tuple[Row, str, str]]:
    for row in ROWS.values():
        for upstream in SPEAKS:
            for case in row.cases:
                if all(word in f"{row.name} | {upstream} | {case}" for word in words):
                    yield row, upstream, case


def _try_all(house: House, words: list[str]) -> dict[tuple[str, str, str], Cell]:
    wanted = list(_wanted(words))
    with tempfile.TemporaryDirectory() as folder:
        node = _node(Path(folder)) if any(row.node for row, _, _ in wanted) else "not wanted"
        trial = Trial(node)
        try:
            return {
                (row.name, upstream, case): _cell(trial, row, house, upstream, case)
                for row, upstream, case in wanted
            }
        finally:
            trial.close()


async def _main(reactor: Any, words: list[str]) -> None:
    house, pool = open_house(reactor), ThreadPool(1, 1, "clients")
    pool.start()
    try:
        cells = await deferToThreadPool(reactor, pool, _try_all, house, words)
    finally:
        pool.stop()
        await house.close()
    print("\n".join(draw(cells, COLUMNS, coloured=sys.stdout.isatty())))
    if any(cell.word == "RED" for cell in cells.values()):
        raise SystemExit(1)


def main(argv: list[str]) -> None:
    """Try the cells and print the table.

    :param argv: the arguments, without the program's name.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument(
        "words", nargs="*", help="only cells whose 'client | upstream | case' has all of these"
    )
    words = parser.parse_args(argv).words
    react(lambda reactor: Deferred.fromCoroutine(_main(reactor, words)), [])


if __name__ == "__main__":
    main(sys.argv[1:])
