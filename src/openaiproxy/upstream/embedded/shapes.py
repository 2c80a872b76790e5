"""The JSON types of the fields that the stand-in reads, wherever one of its APIs has them.

A path names a field: ``a.b`` a field of an object, ``a[]`` each element of an array. ``null`` is as
good as absent, except as an element. What isn't in the table may be anything.
"""

from collections.abc import Iterator
from typing import Any

from openaiproxy.upstream.embedded.refusals import Refusal

__all__ = ["check_shapes"]

_NOUNS: dict[type, str] = {str: "a string", int: "an integer", list: "an array", dict: "an object"}
_SHAPES: dict[str, tuple[type, ...]] = {
    "model": (str,),
    "messages": (list,),
    "messages[]": (dict,),
    "messages[].role": (str,),
    "messages[].content": (str, list),
    "messages[].content[]": (dict,),
    "system": (str, list),
    "system[]": (dict,),
    "thinking": (dict,),
    "thread": (dict,),
    "output_config": (dict,),
    "output_config.format": (dict,),
    "output_format": (dict,),
    "stop_sequences": (list,),
    "input": (str, list),
    "input[]": (str, int, list, dict),
    "input[].id": (str,),
    "input[].type": (str,),
    "input[].role": (str,),
    "input[].content": (str, list),
    "input[].content[]": (dict,),
    "prompt": (str, list, dict),
    "prompt[]": (str, int, list),
    "previous_response_id": (str,),
    "tools": (list,),
    "tools[]": (dict,),
    "tools[].function": (dict,),
    "tools[].custom": (dict,),
    "functions": (list,),
    "functions[]": (dict,),
    "tool_choice": (str, dict),
    "tool_choice.function": (dict,),
    "tool_choice.custom": (dict,),
    "function_call": (str, dict),
    "stream_options": (dict,),
    "response_format": (str, dict),
    "response_format.json_schema": (dict,),
    "text": (dict,),
    "text.format": (dict,),
    "reasoning": (dict,),
    "include": (list,),
    "images": (list,),
}


def check_shapes(body: dict[str, Any]) -> None:
    """Check the fields of a request.

    :raises Refusal: 400, naming the first field that has another type.
    """
    for path, shapes in _SHAPES.items():
        for place, value in _found(body, path.replace("[]", ".[]").split("."), ""):
            if not isinstance(value, shapes):
                wanted = " or ".join(_NOUNS[shape] for shape in shapes)
                message = f"Invalid type for '{place}': expected {wanted}."
                raise Refusal(400, message, param=place, code="invalid_type")


def _found(value: Any, steps: list[str], place: str) -> Iterator[tuple[str, Any]]:
    """The values at a path, with their places; those in containers of another type don't count."""
    if not steps:
        yield place, value
    elif steps[0] == "[]":
        for index, each in enumerate(value if isinstance(value, list) else ()):
            yield from _found(each, steps[1:], f"{place}[{index}]")
    elif isinstance(value, dict) and value.get(steps[0]) is not None:
        inner = f"{place}.{steps[0]}" if place else steps[0]
        yield from _found(value[steps[0]], steps[1:], inner)
