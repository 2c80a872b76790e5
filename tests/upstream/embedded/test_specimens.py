"""A specimen fits its schema."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from openaiproxy.upstream.embedded.specimens import specimen

SCHEMAS: list[Any] = [
    {"type": "string"},
    {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "minLength": 12},
            "unit": {"enum": ["c", "f"]},
            "days": {"type": "integer", "minimum": 3, "maximum": 5},
            "share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "step": {"type": "integer", "multipleOf": 7, "minimum": 10},
            "when": {"type": "string", "format": "date-time"},
            "maybe": {"type": ["null", "boolean"]},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 2}, "minItems": 3},
        },
        "required": ["city", "unit", "days", "share", "step", "when", "maybe", "tags"],
        "additionalProperties": False,
    },
    {"anyOf": [{"type": "integer", "maximum": -4}, {"type": "null"}]},
    {"oneOf": [{"const": "a"}, {"const": "b"}]},
    {
        "$defs": {
            "p": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}
        },
        "type": "array",
        "minItems": 2,
        "items": {"$ref": "#/$defs/p"},
    },
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "boolean"}}, "required": ["b"]},
        ]
    },
    {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
                "required": ["name", "next", "children"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/node",
    },
    {"type": "object", "required": ["free"]},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2},
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_specimen_fits_its_schema(schema: Any) -> None:
    Draft202012Validator(schema).validate(specimen(schema))


def test_the_same_schema_gives_the_same_specimen() -> None:
    assert specimen(SCHEMAS[2]) == specimen(SCHEMAS[2])


@pytest.mark.parametrize("schema", [None, True, {}, {"$ref": "#/nowhere"}, {"$ref": "#"}])
def test_schemas_that_say_nothing_are_survived(schema: Any) -> None:
    assert specimen(schema) == "text"
