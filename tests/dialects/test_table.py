"""Tables of wire fields."""

from openaiproxy.dialects.dialect import Seen, bad_field
from openaiproxy.dialects.table import Fate, Row, Table, lost, rst
from openaiproxy.hub.events import Usage
from openaiproxy.hub.parts import Extra

TABLE = Table(
    "toy",
    "request",
    (
        Row("model", Fate.MAPPED, "model"),
        Row("mark", Fate.PASSED, note="a mark", hint=True),
        Row("type", Fate.REMADE),
        Row("n", Fate.LOST, "toys give one answer"),
    ),
)


def test_the_rest_is_what_passes_and_what_has_no_row() -> None:
    found = {"model": "m", "mark": 1, "type": "x", "n": 2, "odd": [], "nothing": None}
    assert TABLE.rest(found) == Extra("toy", {"mark": 1, "odd": []})
    assert TABLE.rest({"model": "m", "odd": None}) is None


def test_a_table_tells_its_names_and_hints() -> None:
    assert TABLE.names == {"model", "mark", "type", "n"}
    assert TABLE.hints == {"mark"}


def test_every_field_that_is_lost_has_a_reason() -> None:
    assert lost([TABLE]) == {"request.n": "toys give one answer"}


def test_a_table_is_printed_whole() -> None:
    printed = rst(TABLE).splitlines()
    assert printed[:2] == ["toy: request", "------------"]
    assert "   * - ``mark``" in printed
    place = printed.index("   * - ``mark``")
    assert printed[place + 1 : place + 4] == ["     - passed", "     -", "     - a mark"]


def test_later_glances_hold_over_earlier_ones() -> None:
    early, late = Seen("m", Usage(1, 0)), Seen(None, Usage(1, 2), "stop", complete=True)
    assert early.merged(late) == Seen("m", Usage(1, 2), "stop", None, True)


def test_a_bad_field_is_named() -> None:
    error = bad_field("messages[2].content", "must be a string")
    assert (error.status, error.message) == (400, "messages[2].content: must be a string.")
