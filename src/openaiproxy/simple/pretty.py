"""Answers as these endpoints write them: JSON that a person can read, two blanks a level."""

import json
from typing import Any

import orjson

__all__ = ["pretty"]


def pretty(value: Any) -> bytes:
    """A value as JSON in lines.

    :param value: of what :func:`openaiproxy.wire.json.loads` gives.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:
        return json.dumps(value, indent=2, allow_nan=False).encode("ascii")
