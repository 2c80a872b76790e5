r"""What was started, kept for ``restart`` and ``status``: a flat TOML file, readable by its owner only.

::

    directory = "/home/me"              where it was started; paths in options start there
    listen = ["keyed=tcp:18443:interface=127.0.0.1"]
    ports = ["http://127.0.0.1:18443"]  where it then answered
    started = "1790000000"              seconds since 1970

All other keys are options as they were given. No option holds a secret: keys aren't taken from the command line, and a
proxy's URL with a password is refused by :func:`openaiproxy.cli.saved.secrets_in`.
"""

import contextlib
import os
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from attrs import field, frozen

__all__ = ["State", "read_state", "refuse_other", "write_state"]

Value = str | bool | list[str]
_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(0x20), 0x7F)} | {34: '\\"', 92: "\\\\"}


@frozen
class State:
    """:param options: values by option; a switch is ``True``."""

    directory: str
    options: Mapping[str, Value]
    ports: list[str] = field(factory=list)
    started: str = "0"


def read_state(path: Path) -> State:
    """What a state file says.

    :raises OSError: where it can't be read.
    :raises ValueError: where it is no state file.
    """
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    directory, ports = raw.pop("directory", None), raw.pop("ports", [])
    started = str(raw.pop("started", "0"))
    if not isinstance(directory, str) or not isinstance(ports, list):
        raise ValueError("it names no directory, or no list of ports")
    if not started.isascii() or not started.isdigit():
        raise ValueError("started is no time")
    for url in ports:
        _check_url(url)
    for name, value in raw.items():
        lists = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if not (lists or isinstance(value, str | bool)):
            raise ValueError(f"{name} is no option's value")
    return State(directory, raw, [str(each) for each in ports], started)


def _check_url(url: object) -> None:
    try:
        parts = urlsplit(str(url))
        known = parts.scheme in ("http", "https", "tcp") and parts.hostname and parts.port
    except ValueError:
        known = False
    if not known:
        raise ValueError("one of its ports is no URL of a port")


def refuse_other(path: Path) -> None:
    """See that what stands where a state file is to be is one, or nothing.

    :raises OSError: where it can't be read.
    :raises ValueError: where it is another file, which is not ours to replace.
    """
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size:
            read_state(path)


def write_state(path: Path, state: State) -> None:
    """Put the file in its place, whole or not at all, for its owner's eyes only.

    :raises OSError: where that can't be done.
    """
    rows: dict[str, Value] = {**state.options, "directory": state.directory, "ports": state.ports}
    rows["started"] = state.started
    text = "".join(f"{name} = {_literal(rows[name])}\n" for name in sorted(rows))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, written = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(written, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(written)
        raise


def _literal(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(_literal(each) for each in value)}]"
    return f'"{value.translate(_ESCAPES)}"'
