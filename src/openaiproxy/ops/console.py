r"""Two lines for people for each request to a model: when it has come whole, and when it has ended.

They are those of sissiwup/openai-api-proxy::

    START: gpt-5                | Input:     1234 bytes | reasoning[effort=high], stream=true, tools=[web_search]
    END:   gpt-5                | Output:      987 bytes | 1.23s | Tokens: 15 | reasoning_tokens=3

with ``| Status: 429`` where it was refused, and ``| Ending: upstream-cut`` where an answer that had begun did not
finish. Tokens are those of input and output together, ``-`` where nobody told them.

They are made of what is known of a request without reading it: a body that passes shows its model and no settings. Of
a body that is translated, all keys are named but those of the conversation; values are shown where they are numbers,
or one of a few words, and ``...`` stands for others, which may be somebody's own. A word that somebody else chose is
redacted and escaped, and has no spaces: no line, and no field of a line, can be forged.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field

from openaiproxy.ops.access import Exchanged
from openaiproxy.ops.escaping import foreign_word
from openaiproxy.ops.logfile import SteadyFile

__all__ = ["Console", "Lines", "StandardOutput", "open_console", "settings_shown"]

# What that system prints, in its language.
_NO_MODEL = "unbekannt"
_CHARACTERS = 40
_MOST = 32
_UNNAMED = frozenset(("input", "messages", "model"))
# Texts that are one of a few words; all others may be somebody's.
_WORDS = frozenset(
    (
        *("effort", "generate_summary", "prompt_cache_retention", "reasoning_effort"),
        *("service_tier", "summary", "tool_choice", "truncation", "verbosity"),
    )
)


@define(eq=False)
class Lines:
    """The two lines of one request.

    :ivar settings: what it asks for beside the model, if its body was read.
    """

    _write: Callable[[str], None]
    settings: Mapping[str, Any] = field(factory=dict)
    _started: bool = False

    def start(self, model: str | None, size: int) -> None:
        """Write the first line, once.

        :param size: bytes of the request's body.
        """
        if self._started:
            return
        self._started = True
        shown = foreign_word(model or _NO_MODEL)
        self._write(
            f"START: {shown:20} | Input: {size:>8} bytes | {settings_shown(self.settings)}".rstrip()
            + "\n"
        )

    def end(self, said: Exchanged) -> None:
        """Write the second line, and before it the first, if the request never came whole."""
        self.start(said.model, said.bytes_in)
        parts = [
            f"END:   {said.model or _NO_MODEL:20}",
            f"Output: {said.bytes_out:>8} bytes",
            f"{said.duration:.2f}s",
            f"Tokens: {_tokens(said)}",
        ]
        if said.tokens_reasoning:
            parts.append(f"reasoning_tokens={said.tokens_reasoning}")
        if said.status is not None and said.status >= 400:
            parts.append(f"Status: {said.status}{' (Timeout)' if said.status == 504 else ''}")
        elif said.ending != "complete":
            parts.append(f"Ending: {said.ending}")
        self._write(" | ".join(parts) + "\n")


@define(eq=False)
class Console:
    """Where the lines of a process go.

    :param write: takes a line, its end included, and raises nothing.
    """

    _write: Callable[[str], None]

    def lines(self) -> Lines:
        """Those of a new request."""
        return Lines(self._write)


def _tokens(said: Exchanged) -> int | str:
    if said.tokens_in is None and said.tokens_out is None:
        return "-"
    return (said.tokens_in or 0) + (said.tokens_out or 0)


def settings_shown(settings: Mapping[str, Any]) -> str:
    """What a body asks for, such as ``reasoning[effort=low], store=false, tools=[web_search]``.

    :param settings: the body, as JSON has it.
    """
    if not settings:
        return ""
    keys = sorted(settings.keys() - _UNNAMED)
    shown = [_setting(key, settings[key]) for key in keys[:_MOST]]
    return ", ".join([*shown, *(["..."] if len(keys) > _MOST else [])])


def _setting(key: str, value: Any) -> str:
    name = foreign_word(key, _CHARACTERS)
    if key == "tools" and isinstance(value, list):
        return f"{name}=[{_listed([_tool(each) for each in value[: _MOST + 1]])}]"
    if key == "reasoning" and isinstance(value, dict):
        return f"{name}[{settings_shown(value)}]"
    if isinstance(value, str) and key not in _WORDS:
        return f"{name}=..."
    return f"{name}={_scalar(value)}"


def _tool(tool: Any) -> str:
    """A tool's kind, and its name where it has one, wherever the dialect puts it."""
    if not isinstance(tool, dict):
        return "..."
    inner = tool.get("function")
    name = tool.get("name") or (inner.get("name") if isinstance(inner, dict) else None)
    kind = _scalar(tool.get("type", "function"))
    return f"{kind}:{_scalar(name)}" if isinstance(name, str) else kind


def _listed(words: list[str]) -> str:
    return ", ".join(words if len(words) <= _MOST else [*words[:_MOST], "..."])


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float() | str():
            return foreign_word(str(value), _CHARACTERS)
    return "..."


class StandardOutput:
    """The process's own standard output, past twistd's, which would put a time before each line."""

    def write(self, data: bytes) -> None:
        """Write all of it now."""
        out = sys.__stdout__
        if out is not None:
            out.buffer.write(data)
            out.buffer.flush()

    def reopen(self) -> None:
        """Do nothing: it has no path."""

    def close(self) -> None:
        """Do nothing: it is not ours to close."""


def open_console(now: Callable[[], float]) -> Console:
    """The console of this process. Where nobody reads it any more, lines are lost, and requests go on.

    :param now: seconds, of any clock.
    """
    return Console(SteadyFile(StandardOutput(), "standard output", now).write)
