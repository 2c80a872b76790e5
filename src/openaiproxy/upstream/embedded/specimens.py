"""A value that fits a JSON schema: what the stand-in calls tools with, and answers structured
questions with.

It knows the words of JSON Schema that tools use. What it can't satisfy (``pattern``, ``not``) it
ignores.
"""

from typing import Any

__all__ = ["specimen"]

_DEEP = 8
_FORMATS = {
    "date": "2025-01-31",
    "date-time": "2025-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def specimen(schema: Any, text: str = "text") -> Any:
    """The same value each time for the same schema.

    :param schema: a JSON schema, with its ``$defs`` in it.
    :param text: what strings say, where nothing forbids it.
    """
    return _value(schema, schema, text, 0)


def _value(schema: Any, root: Any, text: str, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > 4 * _DEEP:
        return text if schema is not False else None
    schema = _merged(schema, root)
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    for word in ("enum", "examples"):
        if schema.get(word):
            return schema[word][0]
    for word in ("anyOf", "oneOf"):
        if schema.get(word):
            base = {k: v for k, v in schema.items() if k != word}
            return _value({**base, **_merged(schema[word][0], root)}, root, text, depth + 1)
    return _of_kind(_kind(schema), schema, root, text, depth)


def _merged(schema: dict[str, Any], root: Any) -> dict[str, Any]:
    """The schema with its ``$ref`` followed and its ``allOf`` laid together."""
    merged = dict(schema)
    for _ in range(_DEEP):
        if "$ref" in merged:
            merged = {**_target(merged.pop("$ref"), root), **merged}
        elif "allOf" in merged:
            for part in merged.pop("allOf"):
                merged = _joined(merged, _merged(part, root))
        else:
            break
    return merged


def _joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {**one, **other}
    if "properties" in one and "properties" in other:
        both["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        both["required"] = [*one["required"], *other["required"]]
    return both


def _target(ref: str, root: Any) -> dict[str, Any]:
    found = root
    for step in ref.removeprefix("#").split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        found = found.get(step, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "null")
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _of_kind(kind: str, schema: dict[str, Any], root: Any, text: str, depth: int) -> Any:
    match kind:
        case "object":
            return _object(schema, root, text, depth)
        case "array":
            count = max(schema.get("minItems", 0), 1 if depth < _DEEP else 0)
            items = [*schema.get("prefixItems", []), *[schema.get("items", {})] * count]
            return [_value(each, root, text, depth + 1) for each in items[:count]]
        case "integer" | "number":
            return _number(kind, schema)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _string(schema, text)


def _object(schema: dict[str, Any], root: Any, text: str, depth: int) -> dict[str, Any]:
    required = schema.get("required", [])
    properties = schema.get("properties", {})
    # Deep inside, only what must be there: recursive schemas end where they may.
    names = [n for n in properties if n in required or depth < _DEEP // 2]
    names += [n for n in required if n not in properties]
    return {name: _value(properties.get(name, {}), root, text, depth + 1) for name in names}


def _number(kind: str, schema: dict[str, Any]) -> int | float:
    step = schema.get("multipleOf") or 1
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    floor = max(_numbers(low, above), default=None)
    ceiling = min(_numbers(high, below), default=None)
    if floor is None:
        value = min(step, ceiling - step if ceiling is not None else step)
        return int(value) if kind == "integer" else value
    value = -(-floor // step) * step
    if value == above:
        value += step
    too_high = ceiling is not None and (value > ceiling or value == below)
    if ceiling is not None and too_high and kind == "number" and "multipleOf" not in schema:
        value = (floor + ceiling) / 2
    return int(value) if kind == "integer" else value


def _numbers(*values: Any) -> list[float]:
    return [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]


def _string(schema: dict[str, Any], text: str) -> str:
    text = _FORMATS.get(schema.get("format", ""), text)
    text = text.ljust(schema.get("minLength", 0), ".")
    return text[: schema.get("maxLength", len(text))]
