"""Files within a Responses request, checked before anything is sent.

::

    {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0..."}

Exactly one of ``file_data``, ``file_id`` and ``file_url`` says where a file is. One that is sent along has a name,
and its content in base64 as RFC 4648 writes it: without blanks, padded, its last bits zero.
"""

import re
from collections.abc import Iterator
from typing import Any

from attrs import define

from openaiproxy.errors import BadRequest

__all__ = ["MOST_BYTES", "check_files"]

MOST_BYTES = 50_000_000
"""Bytes of all files of a request together; one alone stays below."""

_SOURCES = ("file_data", "file_id", "file_url")
_HEAD = re.compile(r"data:[^,;]*(?:;[^,;]*)*;base64,", re.IGNORECASE)
_ALPHABET = re.compile(r"[A-Za-z0-9+/]*+={0,2}")
_LAST_GROUP = re.compile(
    r"[A-Za-z0-9+/]{4}|[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]="
)
_OUTPUTS = frozenset(("function_call_output", "custom_tool_call_output"))


def check_files(body: dict[str, Any]) -> bool:
    """Check every file of a request.

    :return: whether there is one that was sent along.
    :raises BadRequest: 400, naming the place; 413, for too many bytes.
    """
    sizes = _Sizes()
    for path, part in _files(body):
        _check(path, part, sizes)
    return sizes.files > 0


@define
class _Sizes:
    files: int = 0
    total: int = 0

    def add(self, path: str, size: int) -> None:
        self.files += 1
        self.total += size
        if size >= MOST_BYTES:
            raise BadRequest(413, "file_too_large", f"{path} must be smaller than 50 MB")
        if self.total > MOST_BYTES:
            raise BadRequest(413, "file_too_large", "Inline files must not exceed 50 MB together")


def _files(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    items = body.get("input")
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield from _parts(f"input[{index}].content", item.get("content"))
            if item.get("type") in _OUTPUTS:
                yield from _parts(f"input[{index}].output", item.get("output"))
    prompt = body.get("prompt")
    variables = prompt.get("variables") if isinstance(prompt, dict) else None
    if isinstance(variables, dict):
        for name, value in variables.items():
            if _is_file(value):
                yield f"prompt.variables.{name}"[:200], value


def _parts(path: str, content: object) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, part in enumerate(content if isinstance(content, list) else ()):
        if _is_file(part):
            yield f"{path}[{index}]", part


def _is_file(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "input_file"


def _check(path: str, part: dict[str, Any], sizes: _Sizes) -> None:
    given = [name for name in _SOURCES if part.get(name) is not None]
    if len(given) != 1:
        raise _refused(f"{path} must have exactly one of {', '.join(_SOURCES)}")
    source = part[given[0]]
    if not isinstance(source, str) or not source:
        raise _refused(f"{path}.{given[0]} must be a non-empty string")
    if given[0] != "file_data":
        return
    name = part.get("filename")
    if not isinstance(name, str) or not name.strip():
        raise _refused(f"{path}.filename is required with file_data")
    head = _HEAD.match(source, 0, 1024)
    start = head.end() if head else 0
    if not _is_canonical(source, start):
        raise _refused(f"{path}.file_data must be canonical base64")
    sizes.add(path, (len(source) - start) // 4 * 3 - source.count("=", len(source) - 2))


def _is_canonical(source: str, start: int) -> bool:
    """Whether all from there is base64, and the only way to write what it says."""
    if start == len(source) or (len(source) - start) % 4:
        return False
    last = _LAST_GROUP.fullmatch(source, len(source) - 4)
    return last is not None and _ALPHABET.fullmatch(source, start) is not None


def _refused(message: str) -> BadRequest:
    return BadRequest(400, "bad_request", message)
