"""What may be asked of a stored response (rows 7, 9, 71)."""

import pytest

from openaiproxy.errors import BadRequest
from openaiproxy.simple.lookups import INCLUDABLE, items_query, response_query, wants_stream


def test_every_documented_value_may_be_included_row_71() -> None:
    assert len(INCLUDABLE) == 8
    for value in INCLUDABLE:
        assert response_query([("include", value)]) == f"include%5B%5D={value}"


def test_several_are_each_written_once_row_71() -> None:
    pairs = [
        ("include", "reasoning.encrypted_content"),
        ("include[]", "file_search_call.results,web_search_call.results"),
    ]
    assert response_query(pairs) == (
        "include%5B%5D=reasoning.encrypted_content"
        "&include%5B%5D=file_search_call.results&include%5B%5D=web_search_call.results"
    )


@pytest.mark.parametrize("query", [response_query, items_query])
def test_others_are_refused_by_name_row_71(query) -> None:
    with pytest.raises(BadRequest) as caught:
        query([("include", "a"), ("include", "reasoning.encrypted_content"), ("include", "b")])
    assert caught.value.message == "Invalid include value(s): a, b"


def test_a_stream_from_a_place_passes_row_9() -> None:
    pairs = [("stream", "true"), ("starting_after", "7"), ("include_obfuscation", "false")]
    assert response_query(pairs) == "stream=true&starting_after=7&include_obfuscation=false"
    assert wants_stream(pairs)
    assert not wants_stream([("stream", "false")])


@pytest.mark.parametrize(
    "pair", [("stream", "yes"), ("starting_after", "-1"), ("include_obfuscation", "1")]
)
def test_what_a_response_cannot_be_asked_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(BadRequest, match=pair[0]):
        response_query([pair])


def test_a_page_of_items_passes_row_7() -> None:
    pairs = [("after", "msg_1"), ("limit", "100"), ("order", "asc")]
    assert items_query(pairs) == "after=msg_1&limit=100&order=asc"


@pytest.mark.parametrize(
    "pair", [("limit", "0"), ("limit", "101"), ("limit", "x"), ("order", "up")]
)
def test_a_page_that_cannot_be_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(BadRequest, match=pair[0]):
        items_query([pair])


def test_what_is_not_known_passes() -> None:
    assert response_query([("new", "a b")]) == "new=a+b"
