"""The list of the chapter's lines is true: its tests are there, and none that bears its number is left out."""

import ast
import re
from pathlib import Path

from tests.chapter.lines import LINES

TESTS = Path(__file__).parents[1]


def functions(module: Path) -> set[str]:
    """The tests of a module."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    found = (each for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return {each.name for each in found if each.name.startswith("test_")}


def listed() -> set[str]:
    return {test for lines in LINES.values() for _, tests in lines for test in tests}


def test_every_line_of_the_chapter_has_tests_that_are_there() -> None:
    assert all(tests for lines in LINES.values() for _, tests in lines)
    names = {test.partition("::")[0] for test in listed()}
    there = {f"{name}::{each}" for name in names for each in functions(TESTS / f"{name}.py")}
    assert listed() - there == set()


def test_no_test_of_the_chapter_is_left_out() -> None:
    modules = [path for path in TESTS.rglob("test_*.py") if "chapter" in path.read_text("utf-8")]
    bearing = {
        f"{path.relative_to(TESTS).with_suffix('')}::{name}"
        for path in modules
        for name in functions(path)
        if re.search(r"_chapter_3_\d$", name)
    }
    assert bearing
    assert bearing - listed() == set()
