"""Of the checklist's rows about logins and operations, and of chapter 5's defects, each is named by a test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
ROWS = [18, *range(27, 50), 57, 58, 59, 69, 84, *range(110, 115), *range(127, 133)]
_SPANS = re.compile(r"(\d+)_to_(\d+)")


def names() -> Iterator[str]:
    """Of all test functions."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for found in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef)
                and found.name[:5] == "test_"
            ):
                yield found.name


def numbers(after: str, name: str) -> set[int]:
    """The numbers that follow a word: ``rows_38_40``, ``rows_36_to_39``, ``rows_127_and_129``."""
    found: set[int] = set()
    for run in re.findall(rf"(?:^|_){after}_((?:\d+(?:_to_|_and_|_(?=\d)|$|(?=_)))+)", name):
        for first, last in _SPANS.findall(run):
            found |= set(range(int(first), int(last) + 1))
        found |= {int(number) for number in re.findall(r"\d+", run)}
    return found


NAMES = list(names())
NAMED = set[int]().union(*(numbers("rows?", name) for name in NAMES))
DEFECTS = set[int]().union(
    *(numbers("(?:defects?_5_10|chapter_5_defects?)", name) for name in NAMES)
)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_named_by_a_test(row: int) -> None:
    assert row in NAMED


@pytest.mark.parametrize("defect", range(1, 19))
def test_a_defect_of_chapter_5_is_named_by_a_test(defect: int) -> None:
    assert defect in DEFECTS


def test_names_are_read_as_they_are_meant() -> None:
    assert numbers("rows?", "test_x_rows_36_to_39_and_more") == {36, 37, 38, 39}
    assert numbers("rows?", "test_rows_127_and_129_start") == {127, 129}
    assert numbers("rows?", "test_row_5") == {5}
    assert numbers("rows?", "test_five_rows_of_it") == set()
    assert 1000 not in NAMED
