"""What may be asked about a stored response, in a query.

Names that are known are checked, and written as the API reads them (``include[]`` once for each value). Others pass.
"""

from collections.abc import Iterable
from urllib.parse import urlencode

from openaiproxy.errors import BadRequest

__all__ = ["INCLUDABLE", "items_query", "response_query", "wants_stream"]

INCLUDABLE = frozenset(
    (
        "code_interpreter_call.outputs",
        "computer_call_output.output.image_url",
        "file_search_call.results",
        "message.input_image.image_url",
        "message.output_text.logprobs",
        "reasoning.encrypted_content",
        "web_search_call.action.sources",
        "web_search_call.results",
    )
)
"""What ``include`` may name."""

_FLAGS = frozenset(("true", "false"))
_INCLUDE = ("include", "include[]")
_MOST_ITEMS = 100
Pairs = Iterable[tuple[str, str]]


def response_query(pairs: Pairs) -> str:
    """The query to retrieve a response.

    :param pairs: without what is the proxy's own.
    :raises BadRequest: 400, naming what can't be.
    """
    pairs = list(pairs)
    for name, value in pairs:
        if name in ("stream", "include_obfuscation") and value not in _FLAGS:
            raise _refused(f"{name} must be true or false")
        if name == "starting_after" and not _is_whole(value):
            raise _refused("starting_after must be a whole number")
    return _written(pairs)


def items_query(pairs: Pairs) -> str:
    """The query for the items that a response was made from.

    :param pairs: without what is the proxy's own.
    :raises BadRequest: 400, naming what can't be.
    """
    pairs = list(pairs)
    for name, value in pairs:
        if name == "order" and value not in ("asc", "desc"):
            raise _refused("order must be asc or desc")
        if name == "limit" and not (_is_whole(value) and 1 <= int(value) <= _MOST_ITEMS):
            raise _refused(f"limit must be a whole number from 1 to {_MOST_ITEMS}")
    return _written(pairs)


def wants_stream(pairs: Pairs) -> bool:
    """Whether the response is wanted as a stream."""
    return ("stream", "true") in list(pairs)


def _written(pairs: list[tuple[str, str]]) -> str:
    asked = [part.strip() for name, value in pairs if name in _INCLUDE for part in value.split(",")]
    wrong = [value for value in asked if value not in INCLUDABLE]
    if wrong:
        raise _refused(f"Invalid include value(s): {', '.join(wrong)}"[:1000])
    others = [pair for pair in pairs if pair[0] not in _INCLUDE]
    return urlencode([*(("include[]", value) for value in asked), *others])


def _is_whole(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 19


def _refused(message: str) -> BadRequest:
    return BadRequest(400, "bad_request", message)
