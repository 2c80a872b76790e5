"""The console's lines (row 121): what they say, and what nobody can make them say."""

import io
import re
import sys
from collections.abc import Iterator

import pytest

from openaiproxy.ops.console import Console, Lines, open_console, settings_shown
from tests.ops.test_access import exchanged

FORGED = "gpt\r\nSTART: evil | Input:        1 bytes | \x1b[31m"


def pair() -> tuple[Lines, list[str]]:
    written: list[str] = []
    return Console(written.append).lines(), written


def test_the_two_lines_of_a_request_row_121() -> None:
    lines, written = pair()
    lines.settings = {"model": "gpt-5", "input": "secret words", "stream": True, "store": False}
    lines.start("gpt-5", 1234)
    lines.end(
        exchanged(
            model="gpt-5",
            status=200,
            bytes_out=987,
            tokens_in=10,
            tokens_out=5,
            tokens_reasoning=3,
        )
    )
    assert written == [
        "START: gpt-5                | Input:     1234 bytes | store=false, stream=true\n",
        "END:   gpt-5                | Output:      987 bytes | 1.23s | Tokens: 15"
        " | reasoning_tokens=3\n",
    ]


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"status": 429}, "Tokens: - | Status: 429\n"),
        ({"status": 504, "ending": "timeout-first-byte"}, "Tokens: - | Status: 504 (Timeout)\n"),
        ({"status": 200, "ending": "upstream-cut"}, "Tokens: - | Ending: upstream-cut\n"),
        ({"ending": "client-gone"}, "Tokens: - | Ending: client-gone\n"),
        ({"status": 200, "tokens_out": 7}, "Tokens: 7\n"),
    ],
)
def test_what_went_wrong_stands_at_the_end(changes: dict[str, object], end: str) -> None:
    lines, written = pair()
    lines.end(exchanged(**changes))
    assert written[1].endswith(" | 1.23s | " + end)


def test_what_never_came_whole_has_both_lines_all_the_same_and_each_once() -> None:
    lines, written = pair()
    lines.start("m", 5)
    lines.start("m", 6)
    lines.end(exchanged(model="m", bytes_in=6))
    assert [line.split(":")[0] for line in written] == ["START", "END"]
    lines, written = pair()
    lines.end(exchanged(bytes_in=6))
    assert written[0] == "START: unbekannt            | Input:        6 bytes |\n"


def test_no_line_and_no_field_can_be_forged_pitfall_70() -> None:
    lines, written = pair()
    lines.settings = {FORGED: 1, "tools": [{"type": FORGED, "name": FORGED}], "effort": FORGED}
    lines.start(FORGED, 1)
    lines.end(exchanged(model=FORGED, status=200))
    assert len(written) == 2
    for line in written:
        assert re.fullmatch(r"[ -~]+\n", line)
        assert line.count(" | ") == {"S": 2, "E": 3}[line[0]]


def test_no_key_and_no_words_of_anybodys_are_shown() -> None:
    shown = settings_shown(
        {
            "instructions": "be secret",
            "prompt": "secret",
            "user": "secret@example.com",
            "metadata": {"a": "secret"},
            "stop": ["secret"],
            "tool_choice": "sk-secret-0123456789",
            "tools": [{"type": "mcp", "headers": {"Authorization": "secret"}}],
        }
    )
    assert "secret" not in shown
    assert shown == (
        "instructions=..., metadata=..., prompt=..., stop=..., tool_choice=[redacted],"
        " tools=[mcp], user=..."
    )


def test_settings_are_shown_in_order_and_tools_by_kind_and_name() -> None:
    asked = {
        "tools": [
            {"type": "web_search"},
            {"type": "function", "name": "f"},
            {"type": "function", "function": {"name": "g"}},
            "odd",
        ],
        "reasoning": {"summary": "auto", "effort": "high"},
        "temperature": 0.5,
        "messages": [],
        "model": "m",
        "service_tier": None,
    }
    assert settings_shown(asked) == (
        "reasoning[effort=high, summary=auto], service_tier=null, temperature=0.5,"
        " tools=[web_search, function:f, function:g, ...]"
    )


def test_what_is_shown_is_bounded() -> None:
    many = {f"k{number}": number for number in range(10_000)}
    tools = [{"type": "t" * 10_000}] * 10_000
    assert len(settings_shown({**many, "tools": tools})) < 1000
    assert len(settings_shown({"tools": tools})) < 2000


class Broken(io.RawIOBase):
    """A standard output whose reader is gone."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raise BrokenPipeError(32, "Broken pipe")


@pytest.fixture
def broken_output() -> Iterator[None]:
    before = sys.__stdout__
    sys.__stdout__ = io.TextIOWrapper(Broken())  # type: ignore[misc,arg-type]
    yield
    sys.__stdout__ = before  # type: ignore[misc]


def test_a_console_that_nobody_reads_stops_no_request(broken_output: None) -> None:
    lines = open_console(lambda: 0.0).lines()
    lines.start("m", 1)
    lines.end(exchanged())
