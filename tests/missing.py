"""What is in one hub value and not in another, and whether a loss tells of it.

Two values are compared leaf by leaf: a leaf is a text, a number, or a word, under the class and
field that hold it (``Sampling.seed``, ``Citation.url``). Texts are looked for anywhere in what was
written, since wires join them, split them, and put them elsewhere. Numbers and words are looked for
under the same name.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any

import attrs

from openaiproxy.dialects.names import shorten
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Other
from openaiproxy.hub.loss import Loss
from openaiproxy.hub.parts import Extra, Hosted, HostedResult, Opaque
from openaiproxy.hub.tools import HostedTool, OpaqueTool, ToolRef
from openaiproxy.wire import json

__all__ = ["REMADE", "UNSAID", "differences", "unaccounted"]

_COUNTS = (
    "cached",
    "written",
    "reasoning",
    "input_audio",
    "output_audio",
    "accepted",
    "rejected",
    "searches",
)

REMADE: dict[str, str] = {
    "Begin.id": "made anew in the other's form",
    "Begin.created": "Messages has no time",
    "Text.id": "names of items are the wire's own",
    "Refusal.id": "names of items are the wire's own",
    "Reasoning.id": "names of items are the wire's own",
    "ToolCall.id": "names of items are the wire's own",
    "ToolResult.id": "names of items are the wire's own",
    "Hosted.id": "names of items are the wire's own",
    "Text.status": "follows from the finish",
    "Refusal.status": "follows from the finish",
    "Reasoning.status": "follows from the finish",
    "ToolCall.status": "follows from the finish",
    "ToolResult.status": "follows from the finish",
    "Hosted.status": "follows from the finish",
    "Finish.reason": "the table of finishes, which the oracle checks",
    "Usage.total": "a sum",
    "Turn.role": "the order of turns is checked by their words",
    "Turn.top": "where a wire puts what stands outside",
    "Request.stream": "set for both",
    "Request.usage": "of Chat alone",
    "Seal.dialect": "within its packed form",
    "ToolResult.custom": "as its call",
    "ToolCall.custom": "its caller knows which of the tools take free text",
    "ToolCall.legacy": "an old spelling of the same",
    "FunctionTool.legacy": "an old spelling of the same",
    "ToolChoice.legacy": "an old spelling of the same",
    "ToolResult.legacy": "an old spelling of the same",
    "ToolResult.error": "said in words, where the wire has no flag",
    "ToolRef.type": "a tool is named, or the others are left out",
    "FunctionTool.strict": "None is written out where defaults differ",
}
"""Leaves that need not come back, and why."""

UNSAID: dict[tuple[str, Any], str] = {
    ("Request.store", False): "a wire that stores nothing",
    ("Sampling.presence", 0.0): "the wire's default",
    ("Sampling.frequency", 0.0): "the wire's default",
    ("ReasoningSettings.enabled", True): "said by an effort",
    ("ReasoningSettings.enabled", False): "said by the effort none",
    ("ReasoningSettings.effort", "none"): "said by thinking that is disabled",
    ("Request.n", 1): "one answer is the rule",
    ("Request.parallel", True): "the wire's default",
    ("Request.modalities", "text"): "words are the rule",
    ("Format.kind", "text"): "words are the rule",
    ("Sampling.logprobs", False): "the wire's default",
    ("Sampling.top_logprobs", 0): "none are asked for",
    ("FunctionTool.parameters", "{}"): "written as an object without properties",
    ("File.media", "text/plain"): "an inline text is text",
    ("File.media", "text/csv"): "an inline text is text",
    ("ReasoningSettings.summary", "off"): "none is shown unless asked for",
    ("ReasoningSettings.summary", "detailed"): "how long a summary is, is its maker's affair",
    ("ReasoningSettings.summary", "concise"): "how long a summary is, is its maker's affair",
    ("ToolRef.name", None): "a tool of a kind of which there is one",
    **{(f"Usage.{name}", 0): "none of a kind" for name in _COUNTS},
}
"""Values that say no more than silence does."""

_TOLD: dict[str, tuple[str, ...]] = {
    "Hosted": ("hosted", "parts[] "),
    "HostedResult": ("hosted", "parts[] "),
    "Opaque": ("opaque", "parts[] "),
    "HostedTool": ("tools[] ",),
    "OpaqueTool": ("tools[] ",),
    "Citation": ("citation", "cites"),
    "Seal": ("seal", "maker"),
    "Reasoning": ("reasoning",),
    "Logprob": ("logprob",),
    "Audio": ("audio", "sound"),
    "AudioOut": ("audio", "sound"),
    "Format": ("format",),
    "CustomTool": ("format", "grammar"),
}
"""Class to the words by which a loss tells of all that it holds; others go by the field."""

_NUMBER = re.compile(r"\[\d+\]")
_ID = re.compile(r"\b([a-z]+_|chatcmpl-)0{16}[0-9a-f]{8}\b")


def differences(first: Any, again: Any, path: str = "") -> list[str]:
    """Where two hub values differ, at most twenty places, with their values' heads."""
    return list(_differences(first, again, path))[:20]


def _differences(first: Any, again: Any, path: str) -> Iterator[str]:
    if first == again or _made(first, again):
        return
    if type(first) is type(again) and attrs.has(type(first)):
        for one in attrs.fields(type(first)):
            yield from _differences(
                getattr(first, one.name), getattr(again, one.name), f"{path}.{one.name}"
            )
    elif isinstance(first, Mapping) and isinstance(again, Mapping):
        for name in dict.fromkeys((*first, *again)):
            yield from _differences(first.get(name), again.get(name), f"{path}.{name}")
    elif isinstance(first, tuple) and isinstance(again, tuple) and len(first) == len(again):
        for number, pair in enumerate(zip(first, again, strict=True)):
            yield from _differences(*pair, f"{path}[{number}]")
    else:
        yield f"{path.lstrip('.')}: {first!r:.90} became {again!r:.90}"


def _made(first: Any, again: Any) -> bool:
    """Whether these are ids that the laws' maker made, of which the numbers differ, or one for
    none."""
    if first is None:
        return isinstance(again, str) and bool(_ID.fullmatch(again))
    if not (isinstance(first, str) and isinstance(again, str)):
        return False
    return _ID.sub(r"\1", first) == _ID.sub(r"\1", again)


def leaves(value: Any, where: str = "", dialect: str = "") -> Iterator[tuple[str, Any]]:
    """Name and value of every leaf. What only another dialect can read has the leaf ``only``.

    :param dialect: whose extras may be gone into.
    """
    match value:
        case None | "" | ():
            return
        case Extra():
            for name, inner in value.fields.items():
                foreign = where if where == "Citation.extra" else "only"
                yield (foreign, name) if value.dialect != dialect else (name, inner)
        case Other():
            if not value.quiet:
                yield "only", value.type
        case Opaque() | OpaqueTool():
            yield f"{type(value).__name__}.type", value.type
        case Hosted() | HostedResult() | HostedTool():
            yield f"{type(value).__name__}.kind", value.kind.value
        case ToolRef():
            yield "ToolRef.name", value.name
        case Enum():
            yield where, value.value
        case tuple():
            for inner in value:
                yield from leaves(inner, where, dialect)
        case Mapping():
            yield where, json.text(value)
        case _ if attrs.has(type(value)):
            for one in attrs.fields(type(value)):
                name = f"{type(value).__name__}.{one.name}"
                yield from leaves(getattr(value, one.name), name, dialect)
        case _:
            yield where, value


def unaccounted(
    first: Any, again: Any, written: Any, losses: Iterable[Loss], dialect: str
) -> list[str]:
    """What is in ``first``, and neither in ``again`` nor in the losses.

    :param again: what the other dialect reads in its own words.
    :param written: these words, as JSON.
    """
    there = list(leaves(again, "", dialect))
    named = {(where, str(value)) for where, value in there}
    words = _Words(there, written)
    told = tuple(losses)
    wrong: dict[str, None] = {}
    for where, value in leaves(first, "", dialect):
        if where in REMADE or (where, value) in UNSAID:
            continue
        if (where, str(value)) in named or (
            where not in ("only", "Citation.extra") and value in words
        ):
            continue
        names = _names(where, str(value))
        if not any(_tells(loss, names) for loss in told):
            wrong[f"{where}: {value!r:.60}"] = None
    return list(wrong)[:20]


def _names(where: str, value: str) -> tuple[str, ...]:
    """The words by which a loss may tell of a leaf, each the beginning of one."""
    owner, _, name = where.rpartition(".")
    if where == "only":
        return (value.lower(),)
    found = _TOLD.get(owner, (name.lower(),))
    return (value.lower(), *found) if name in ("kind", "type") else found


def _tells(loss: Loss, names: Iterable[str]) -> bool:
    plain = _plain(loss)
    found = re.findall(r"[a-z0-9_:.]+", plain)
    words = [piece for word in found for piece in (word, *word.split("."))]
    return any(
        name in plain
        if name.endswith(" ")
        else any(word == name or (len(name) > 2 and word.startswith(name)) for word in words)
        for name in names
    )


def _plain(loss: Loss) -> str:
    return _NUMBER.sub("[]", f"{loss.path} {loss.why}".lower())


class _Words:
    """All the texts of a value, and of what was written."""

    def __init__(self, there: Iterable[tuple[str, Any]], written: Any) -> None:
        joined: dict[str, list[str]] = {}
        for where, value in there:
            joined.setdefault(where, []).append(str(value))
        whole = ["".join(texts) for texts in joined.values()]
        inner = [text for where, value in there for text in _wrapped(str(value))]
        self.all = [*whole, *inner, *_strings(written)]

    def __contains__(self, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        if len(value) > 40 and _decoded(value) and _decoded(value) in self:
            return True
        short = shorten(value)
        return any(value in text or short in text or _same_json(value, text) for text in self.all)


def _wrapped(text: str) -> Iterator[str]:
    """The text in an object, where a wire takes nothing but objects."""
    if text.startswith(('{"input":', '{"arguments":')):
        with suppress(BadUpstream):
            yield from _strings(json.loads(text.encode()))


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            yield json.text(value)
            for inner in value.values():
                yield from _strings(inner)
        case list() | tuple():
            for inner in value:
                yield from _strings(inner)


def _decoded(data: str) -> str:
    """The text in base64, if it is that; a wire may want a document's text instead."""
    try:
        return base64.b64decode(data, validate=True).decode()
    except ValueError:
        return ""


def _same_json(one: str, other: str) -> bool:
    if one[:1] not in "{[" or other[:1] != one[:1]:
        return False
    try:
        return bool(json.loads(one.encode()) == json.loads(other.encode()))
    except Exception:
        return False
