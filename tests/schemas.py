"""What the vendors' own descriptions say of a document.

The descriptions lie in the folder that ``OPENAIPROXY_SPECS`` names, or ``../shared/specs`` beside the
project: OpenAI's description of its API, and the models of both vendors' Python packages as JSON
Schema. A document has to fit all of those that there are for its kind; one of Messages fits either
the plain models or the beta ones.

Descriptions are narrower than what the services really say. Where the vendor's own recorded
traffic does not fit, or where a value is an upstream's or a caller's own word, which is not ours to
change, :data:`TOLERATED` says so, by place and reason. Nothing else is let through.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen
from jsonschema_rs import Draft202012Validator, ValidationError

from tests.tolerated import TOLERATED

__all__ = ["ABSENT", "invalid", "root"]

_Excused: TypeAlias = Callable[[str], bool]

ABSENT = "no descriptions: set OPENAIPROXY_SPECS to their folder"

_SDK = {
    ("chat", "request"): "openai/sdk-*-ChatCompletionCreateParams.schema.json",
    ("chat", "reply"): "openai/sdk-*-ChatCompletion.schema.json",
    ("chat", "event"): "openai/sdk-*-ChatCompletionChunk.schema.json",
    ("responses", "request"): "openai/sdk-*-ResponseCreateParams.schema.json",
    ("responses", "reply"): "openai/sdk-*-Response.schema.json",
    ("responses", "event"): "openai/sdk-*-ResponseStreamEvent.schema.json",
    ("messages", "request"): "anthropic/sdk-*-MessageCreateParams.schema.json",
    ("messages", "reply"): "anthropic/sdk-*-Message.schema.json",
    ("messages", "event"): "anthropic/sdk-*-RawMessageStreamEvent.schema.json",
    ("messages", "error"): "anthropic/sdk-*-ErrorResponse.schema.json",
}
_API = {
    ("chat", "request"): "CreateChatCompletionRequest",
    ("chat", "reply"): "CreateChatCompletionResponse",
    ("chat", "event"): "CreateChatCompletionStreamResponse",
    ("chat", "error"): "ErrorResponse",
    ("responses", "request"): "CreateResponse",
    ("responses", "reply"): "Response",
    ("responses", "event"): "ResponseStreamEvent",
    ("responses", "error"): "ErrorResponse",
}


def root() -> Path | None:
    """Where the descriptions are, if they are."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "specs"
    found = Path(os.environ.get("OPENAIPROXY_SPECS", beside))
    return found if (found / "openai" / "openapi.json").is_file() else None


@frozen
class _Schema:
    """One description of one kind of document, compiled once.

    :param sorts: a validator for each ``type`` of an event, where the description tells them apart;
        the empty word is for all.
    """

    sorts: dict[str, Draft202012Validator]

    def errors(self, document: Any, excused: _Excused) -> list[str]:
        """What is wrong, each as ``place: words``; a number in a place is ``[]``."""
        validator = self.sorts.get("") or self.sorts.get(document.get("type", ""))
        if validator is None:
            found = [f"/type: unknown {document.get('type')}"]
        elif validator.is_valid(document):
            return []
        else:
            found = list(_leaves(validator.iter_errors(document), excused))
        return [line for line in dict.fromkeys(found) if not excused(line)]


def _leaves(errors: Iterable[ValidationError], excused: _Excused) -> Iterator[str]:
    """The errors themselves; of alternatives, those of the one that was meant."""
    for error in errors:
        context = getattr(error.kind, "context", None) or ()
        if context:
            ways = (list(_leaves(way, excused)) for way in context)
            yield from min(ways, key=lambda way: _apart(way, excused))
        else:
            place = "/".join("[]" if isinstance(n, int) else str(n) for n in error.instance_path)
            yield f"/{place}: {_short(error.message)}"


def _short(words: str) -> str:
    """A validator's words, which begin with the value, with its head and their end only."""
    return words if len(words) < 160 else f"{words[:40]} ... {words[-100:]}"


_FAR = re.compile(r'\S*/(type|role): |.* is not of type "null"$')


def _apart(errors: list[str], excused: _Excused) -> tuple[bool, bool, int, int]:
    """How far a document is from an alternative: none, if all that errs is excused; another
    ``type`` or ``role`` is far off, and what errs deep inside is near."""
    deep = max((line.partition(": ")[0].count("/") for line in errors), default=0)
    wrong = not all(map(excused, errors))
    return wrong, any(map(_FAR.match, errors)), -deep, len(errors)


def invalid(dialect: str, kind: str, document: Any) -> list[str]:
    """What of a document does not fit, beyond what is tolerated.

    :param kind: ``request``, ``reply``, ``event`` or ``error``.
    """

    def excused(line: str) -> bool:
        return any(rule.fits(dialect, kind, line) for rule in TOLERATED)

    left = [schema.errors(document, excused) for schema in _schemas(dialect, kind)]
    if dialect == "messages":
        return min(left, key=len)
    return list(dict.fromkeys(line for lines in left for line in lines))


@cache
def _schemas(dialect: str, kind: str) -> tuple[_Schema, ...]:
    folder = root()
    assert folder is not None, ABSENT
    made = []
    if (dialect, kind) in _API:
        made.append(_compiled({**_reference(_API[dialect, kind]), "components": _components()}))
    pattern = _SDK.get((dialect, kind), "")
    beta = re.sub(r"\*-(Raw)?", r"*-Beta\1", pattern) if dialect == "messages" else ""
    for one in filter(None, (pattern, beta)):
        made += [_compiled(json.loads(path.read_bytes())) for path in sorted(folder.glob(one))]
    assert made, (dialect, kind)
    return tuple(made)


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


@cache
def _components() -> dict[str, Any]:
    folder = root()
    assert folder is not None, ABSENT
    found: dict[str, Any] = json.loads((folder / "openai" / "openapi.json").read_bytes())
    return {"schemas": found["components"]["schemas"]}


def _compiled(schema: dict[str, Any]) -> _Schema:
    """A schema; of alternatives that differ in ``type``, one for each."""
    inner = _at(schema, schema["$ref"]) if "$ref" in schema else schema
    rest = {key: schema[key] for key in ("$defs", "components") if key in schema}
    sorts: dict[str, Draft202012Validator] = {}
    for way in inner.get("anyOf", ()):
        word = _at(schema, way["$ref"])["properties"]["type"]
        sorts[word.get("const") or word["enum"][0]] = Draft202012Validator({**way, **rest})
    return _Schema(sorts or {"": Draft202012Validator(schema)})


def _at(schema: dict[str, Any], path: str) -> dict[str, Any]:
    found = schema
    for name in path.removeprefix("#/").split("/"):
        found = found[name]
    return found
