"""Bodies on file, in the form that people know (rows 120, 124, 126)."""

import stat
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from openaiproxy.errors import Misconfigured
from openaiproxy.ops.logfile import SteadyFile
from openaiproxy.ops.payloads import (
    UPSTREAM_REQUEST,
    UPSTREAM_RESPONSE,
    Body,
    PayloadLog,
    open_payload_log,
)
from openaiproxy.profile import LogPolicy
from tests.ops.test_logfile import Disk

NOON = 1_750_000_000.0
STAMP = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(NOON))


def now() -> float:
    return NOON


def in_memory(chars: int = 20_000) -> tuple[PayloadLog, Disk]:
    disk = Disk()
    return PayloadLog(SteadyFile(disk, "payloads", now), chars, now), disk


def shown(data: bytes, chars: int = 20_000, **kinds: str) -> str:
    """What stands between an entry's head and its end."""
    log, disk = in_memory(chars)
    body = log.body(UPSTREAM_REQUEST, 5101, b"/v1/x", **kinds)
    body.feed(data)
    body.close()
    (entry,) = disk.lines
    head, _, rest = entry.decode().partition("\n")
    assert head == f"[{STAMP}] port=5101 direction=upstream-request path=/v1/x"
    assert rest.endswith("\n---\n")
    return rest.removesuffix("\n---\n")


def test_an_entry_has_the_form_that_people_know_row_120(tmp_path: Path) -> None:
    path = tmp_path / "payloads"
    log = open_payload_log(LogPolicy(payload_file=str(path)), now)
    assert log is not None
    request = log.body(UPSTREAM_REQUEST, 5101, b"/v1/chat/completions?a=b", "application/json")
    response = log.body(UPSTREAM_RESPONSE, 5101, b"/v1/chat/completions?a=b", "text/event-stream")
    request.feed(b'{"model": ')
    request.feed(b'"gpt-5"}')
    request.close()
    response.feed(b"data: {}\n\ndata: [DONE]\n\n")
    response.close()
    assert path.read_text() == (
        f"[{STAMP}] port=system direction=info path=/-\n20000 characters are kept of a body\n---\n"
        f"[{STAMP}] port=5101 direction=upstream-request path=/v1/chat/completions?a=\n"
        '{"model": "gpt-5"}\n---\n'
        f"[{STAMP}] port=5101 direction=upstream-response-chunk path=/v1/chat/completions?a=\n"
        "data: {}\n\ndata: [DONE]\n\n\n---\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_written_unless_a_profile_asks() -> None:
    assert open_payload_log(LogPolicy(), now) is None


def test_an_empty_body_is_named() -> None:
    assert shown(b"") == "<no body>"


def test_a_body_of_the_exact_length_is_whole() -> None:
    assert shown(b"x" * 20_000) == "x" * 20_000


def test_a_longer_body_is_cut_and_says_by_how_much_row_120() -> None:
    assert shown(b"x" * 20_001) == "x" * 20_000 + "... [truncated 1 chars]"
    assert shown(b"y" * 90_000) == "y" * 20_000 + "... [truncated 70000 chars]"
    assert shown("é".encode() * 12, chars=10) == "é" * 10 + "... [truncated 2 chars]"


@given(st.text(max_size=3000), st.integers(0, 50), st.data())
def test_pieces_make_no_difference(text: str, chars: int, data: st.DataObject) -> None:
    whole = text.encode("utf-8", "replace")
    entries: list[str] = []
    at = data.draw(st.integers(0, len(whole)))
    for pieces in (
        [whole],
        [whole[:at], whole[at:]],
        [whole[i : i + 1] for i in range(len(whole))],
    ):
        body = Body(entries.append, "head", chars, "")
        for piece in pieces:
            body.feed(piece)
        body.close()
    assert entries[0] == entries[1] == entries[2]


def test_no_more_is_held_than_is_written() -> None:
    entries: list[str] = []
    body = Body(entries.append, "head", 100, "")
    for _ in range(1000):
        body.feed(b"x" * 1000)
    assert len(body._kept.getvalue()) == 1100
    body.close()
    assert entries == ["head\n" + "x" * 100 + "... [truncated 999900 chars]\n---\n"]


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    assert shown(b"a\xffb\xe2\x82") == "a\ufffdb\ufffd"


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"media_type": "image/png"}, "<3 bytes of image/png>"),
        ({"media_type": "audio/mpeg; x=y"}, "<3 bytes of audio/mpeg>"),
        ({"media_type": "multipart/form-data; boundary=b"}, "<3 bytes of multipart/form-data>"),
        (
            {"media_type": "application/json", "coding": "gzip"},
            "<3 bytes of application/json,\\x20gzip>",
        ),
        ({"coding": "br"}, "<3 bytes of br>"),
        ({"media_type": "im age/p\n---\nng"}, "<3 bytes of im\\x20age/p\\n---\\nng>"),
        ({"media_type": "application/json; charset=utf-8"}, "abc"),
        ({"media_type": "Application/Problem+JSON"}, "abc"),
        ({"media_type": "text/plain", "coding": "identity"}, "abc"),
        ({"media_type": "application/x-www-form-urlencoded"}, "abc"),
        ({}, "abc"),
    ],
)
def test_what_is_no_text_is_named_by_its_size(kinds: dict[str, str], expected: str) -> None:
    assert shown(b"abc", **kinds) == expected


def test_a_body_is_redacted_row_124() -> None:
    text = shown(b'{"security_key": "hunter2", "prompt": "use sk-hunter2 or Bearer hunter2"}')
    assert "hunter2" not in text
    assert '"security_key": "[redacted]"' in text


def test_a_key_across_the_limit_is_redacted_too() -> None:
    for chars in range(1, 40):
        text = shown(b"http://me:hunter2hunter2@host " + b"x" * 3000, chars=chars)
        assert "hunter" not in text


def test_the_count_is_right_where_redaction_shortened_the_text() -> None:
    text = shown(b"sk-" + b"k" * 900 + b" " + b"x" * 3000, chars=50)
    assert text == "[redacted] " + "x" * 39 + "... [truncated 2961 chars]"


def test_a_body_can_neither_end_its_entry_nor_speak_to_a_terminal() -> None:
    text = shown(b"a\n---\n[2026-01-01 00:00:00] port=1 direction=info path=/\nb\n---\n\x1b[31m\rc")
    assert "---" not in text.split("\n")
    assert text.startswith("a\n ---\n[2026")
    assert text.endswith("\n ---\n\\x1b[31m\\rc")


def test_a_path_can_not_break_the_head() -> None:
    log, disk = in_memory()
    log.body(UPSTREAM_REQUEST, 1, b"/a\nb?key=hunter2").close()
    assert disk.lines[0].startswith(
        f"[{STAMP}] port=1 direction=upstream-request path=/a\\nb?key=\n".encode()
    )


def test_a_body_is_written_once() -> None:
    log, disk = in_memory()
    body = log.body(UPSTREAM_REQUEST, 1, b"/")
    body.close()
    body.close()
    assert len(disk.lines) == 1


def test_a_full_disk_stops_nobody() -> None:
    said: list[str] = []
    log = PayloadLog(SteadyFile(Disk(full=True), "payloads", now, said.append), 10, now)
    for _ in range(3):
        log.body(UPSTREAM_REQUEST, 1, b"/").close()
    assert log.file.lost == 3
    assert len(said) == 1


def test_the_file_is_rotated_and_bounded_row_126(tmp_path: Path) -> None:
    policy = LogPolicy(payload_file=str(tmp_path / "p"))
    log = open_payload_log(policy, Clock().seconds, rotate_bytes=300, keep=2)
    assert log is not None
    for _ in range(20):
        body = log.body(UPSTREAM_REQUEST, 1, b"/")
        body.feed(b"x" * 100)
        body.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["p", "p.1", "p.2"]
    assert all(each.stat().st_size <= 300 for each in tmp_path.iterdir())
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}


def test_reopening_follows_a_move(tmp_path: Path) -> None:
    log: Any = open_payload_log(LogPolicy(payload_file=str(tmp_path / "p")), now)
    (tmp_path / "p").rename(tmp_path / "moved")
    log.reopen()
    log.body(UPSTREAM_REQUEST, 1, b"/").close()
    assert "direction=info" in (tmp_path / "moved").read_text()
    assert "<no body>" not in (tmp_path / "moved").read_text()
    assert "<no body>" in (tmp_path / "p").read_text()
    log.close()


def test_processes_that_share_a_file_begin_it_once(tmp_path: Path) -> None:
    path = tmp_path / "p"
    for shared in (True, True, False):
        log = open_payload_log(LogPolicy(payload_file=str(path)), now, shared=shared)
        assert log is not None
        log.close()
    assert path.read_text().count("direction=info path=/-\n") == 2
    assert path.read_text().startswith(f"[{STAMP}] port=system direction=info path=/-\n")


# Streams.


def chunks(*pieces: bytes, chars: int = 20_000) -> list[str]:
    """The chunks of a stream that comes in these pieces, and how each is called."""
    log, disk = in_memory(chars)
    entry = log.body(UPSTREAM_RESPONSE, 5101, b"/v1/x", "text/event-stream; charset=utf-8")
    for piece in pieces:
        entry.feed(piece)
    entry.close()
    entry.close()
    found = []
    for each in disk.lines:
        head, _, rest = each.decode().partition("\n")
        kind = "chunk" if rest != "<no body>\n---\n" else "none"
        way = "upstream-response" + ("-chunk" if kind == "chunk" else "")
        assert head == f"[{STAMP}] port=5101 direction={way} path=/v1/x"
        found.append(rest.removesuffix("\n---\n"))
    return found


def test_each_chunk_of_a_stream_is_an_entry_when_it_has_come_row_120() -> None:
    log, disk = in_memory()
    entry = log.body(UPSTREAM_RESPONSE, 5101, b"/v1/x", "text/event-stream")
    entry.feed(b"data: 1\n\ndata: 2\n\nda")
    assert len(disk.lines) == 1
    entry.feed(b"ta: 3\n\n")
    assert len(disk.lines) == 2
    entry.close()
    assert len(disk.lines) == 2
    assert b"data: 1\n\ndata: 2\n\n\n---\n" in disk.lines[0]
    assert b"data: 3\n\n\n---\n" in disk.lines[1]


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n"])
def test_a_chunk_ends_with_an_event_however_the_stream_is_cut_row_120(end: str) -> None:
    whole = "".join(f"data: {word}{end}" for word in ("one", "two", "thrée")).encode()
    for at in range(len(whole) + 1):
        found = chunks(whole[:at], whole[at:])
        assert "".join(found).replace("\\r", "\r").encode() == whole
        assert all(each.replace("\\r", "\r").endswith(end) for each in found)


def test_a_stream_that_broke_off_shows_what_came_and_one_without_a_byte_says_so_row_120() -> None:
    assert chunks(b"data: 1\n\nda") == ["data: 1\n\n", "da"]
    assert chunks() == ["<no body>"]


def test_a_key_that_comes_in_two_pieces_is_masked_row_124() -> None:
    found = chunks(b'data: {"a": "sk-proj-0123', b'456789abcdef"}\n\n')
    assert found == ['data: {"a": "[redacted]"}\n\n']


def test_each_chunk_is_cut_at_the_limit_and_no_more_of_it_is_held_row_120() -> None:
    log, disk = in_memory(10)
    entry: Any = log.body(UPSTREAM_RESPONSE, 1, b"/", "text/event-stream")
    for _ in range(1000):
        entry.feed(b"x" * 1000)
    assert len(entry._chunk._kept.getvalue()) == 1010
    entry.feed(b"\n\ndata: 2\n\n")
    entry.close()
    assert b"x" * 10 + b"... [truncated 1000001 chars]" in b"".join(disk.lines)


def test_a_stream_that_is_compressed_is_named_by_its_size() -> None:
    log, disk = in_memory()
    entry = log.body(UPSTREAM_RESPONSE, 1, b"/", "text/event-stream", "gzip")
    entry.feed(b"\x1f\n\n")
    entry.close()
    [only] = disk.lines
    assert b"direction=upstream-response path=" in only
    assert b"<3 bytes of text/event-stream,\\x20gzip>" in only


def test_a_link_is_a_mistake_that_names_itself(tmp_path: Path) -> None:
    (tmp_path / "p").symlink_to("elsewhere")
    with pytest.raises(Misconfigured, match=r"payload file .*/p: .*symbolic link"):
        open_payload_log(LogPolicy(payload_file=str(tmp_path / "p")), now)
