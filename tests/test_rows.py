"""The rows of the merged feature table that the simple port and operations are to fill: each is named by a test.

A test names rows in its own name, as ``row_31`` or ``rows_33_35``.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROWS = {
    *(*range(4, 9), 19, 20, 23, 26, *range(31, 36), 43, *range(66, 72), 85),
    *(*range(97, 102), 108, *range(110, 127)),
}


def named_rows() -> Iterator[int]:
    """The rows that tests name."""
    for module in Path(__file__).parent.rglob("test_*.py"):
        for each in ast.parse(module.read_text(encoding="utf-8")).body:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                for numbers in re.findall(r"rows?((?:_(?:\d+|and))+)", each.name):
                    yield from map(int, re.findall(r"\d+", numbers))


def test_each_row_is_named_by_a_test() -> None:
    assert ROWS - set(named_rows()) == set()
