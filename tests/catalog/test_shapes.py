"""A list in the shape that was asked for."""

import json
from typing import Any

import pytest
from anthropic.types import ModelInfo
from openai.types import Model

from openaiproxy.bridging import Alias, Keep
from openaiproxy.catalog.asked import Page, Shape
from openaiproxy.catalog.shapes import render_listing, render_model
from openaiproxy.errors import BadRequest
from tests.catalog.lists import ANTHROPIC, CODEX, OPENAI, listing

LISTS = [OPENAI, ANTHROPIC, CODEX]
EPOCH = "1970-01-01T00:00:00Z"
FIVE = json.dumps({"data": [{"id": name, "created": 1} for name in "abcde"]}).encode()


def _said(body: bytes, shape: Shape, page: Page | None = None, **changes: Any) -> Any:
    return json.loads(render_listing(listing(body, **changes), shape, page or Page()))


@pytest.mark.parametrize(
    ("body", "shape"),
    [(OPENAI, Shape.OPENAI), (ANTHROPIC, Shape.ANTHROPIC), (CODEX, Shape.CODEX)],
)
def test_an_unchanged_list_passes_byte_for_byte(body: bytes, shape: Shape) -> None:
    if shape is Shape.CODEX:
        # One entry has no name there.
        body = body.replace(b', {"slug": " ", "visibility": "list"}', b"")
    assert render_listing(listing(body), shape) == body


def test_a_changed_list_keeps_its_other_keys_in_their_order_row_45() -> None:
    said = render_listing(listing(OPENAI, keep=Keep.PLAIN), Shape.OPENAI)
    assert said == (
        b'{"object":"list","more":{"b":1,"a":2},"data":[{"id":"gpt-4.1","object":"model",'
        b'"created":1744316542,"owned_by":"system"}],"first":null}'
    )


def test_openais_list_is_shown_as_anthropics_pitfall_55() -> None:
    said = _said(OPENAI, Shape.ANTHROPIC, keep=Keep.PLAIN)
    assert said == {
        "data": [
            {
                "type": "model",
                "id": "gpt-4.1",
                "display_name": "gpt-4.1",
                "created_at": "2025-04-10T20:22:22Z",
                "lifecycle": "active",
            }
        ],
        "has_more": False,
        "first_id": "gpt-4.1",
        "last_id": "gpt-4.1",
    }


def test_an_empty_list_has_neither_first_nor_last_pitfall_55() -> None:
    said = _said(b'{"data": []}', Shape.ANTHROPIC)
    assert said == {"data": [], "has_more": False, "first_id": None, "last_id": None}


def test_anthropics_list_is_shown_as_openais_pitfall_55() -> None:
    said = _said(ANTHROPIC, Shape.OPENAI)
    assert said["object"] == "list"
    first = said["data"][0]
    assert (first["id"], first["object"], first["created"], first["owned_by"]) == (
        "claude-opus-4-8",
        "model",
        1770163200,
        "anthropic",
    )
    assert first["max_tokens"] == 128000


def test_codexs_list_is_shown_as_openais_visible_and_sorted_row_49() -> None:
    said = _said(CODEX, Shape.OPENAI)
    assert said == {
        "object": "list",
        "data": [
            {"id": "gpt-5-codex", "object": "model", "created": 0, "owned_by": "openai"},
            {"id": "gpt-5.4", "object": "model", "created": 0, "owned_by": "openai"},
        ],
    }
    assert [each["id"] for each in _said(CODEX, Shape.ANTHROPIC)["data"]] == [
        "gpt-5.4",
        "gpt-5-codex",
    ]


def test_a_name_of_ours_among_codexs_says_what_it_means_row_49() -> None:
    said = _said(CODEX, Shape.OPENAI, aliases=(Alias("mine", "gpt-5.4", "low"),))
    assert said["data"][-1]["id"] == "mine"
    assert said["data"][-1]["metadata"]["proxy_reasoning_profile"]["effort"] == "low"


def test_codex_is_given_its_own_entries_and_no_invented_ones_pitfall_55() -> None:
    changed = _said(CODEX, Shape.CODEX, keep=Keep.CODEX)
    assert [entry["slug"] for entry in changed["models"]] == ["gpt-5-codex"]
    assert changed["models"][0]["base_instructions"] == "Be good."
    assert changed["etag"] == "x"
    beside = _said(OPENAI, Shape.CODEX)
    assert beside["models"] == []
    assert [entry["id"] for entry in beside["data"]] == ["gpt-4.1", "gpt-5-codex", "GPT-Codex-Mini"]
    own = ({"id": "mine", "slug": "mine", "base_instructions": "Hi."},)
    assert _said(OPENAI, Shape.CODEX, listed=own)["models"] == list(own)


@pytest.mark.parametrize(
    ("page", "shown", "more"),
    [
        (Page(), "abcde", False),
        (Page(2), "ab", True),
        (Page(5), "abcde", False),
        (Page(2, after="b"), "cd", True),
        (Page(2, after="c"), "de", False),
        (Page(2, after="e"), "", False),
        (Page(None, after="b"), "cde", False),
        (Page(2, before="d"), "bc", True),
        (Page(3, before="d"), "abc", False),
        (Page(None, before="c"), "ab", False),
    ],
)
def test_pages_are_cut_as_anthropic_cuts_them_pitfall_55(
    page: Page, shown: str, more: bool
) -> None:
    said = _said(FIVE, Shape.ANTHROPIC, page)
    assert "".join(entry["id"] for entry in said["data"]) == shown
    assert said["has_more"] is more
    assert said["first_id"] == (shown[0] if shown else None)
    assert said["last_id"] == (shown[-1] if shown else None)


def test_following_the_pages_shows_every_model_once_pitfall_55() -> None:
    seen, page = "", Page(2)
    while True:
        said = _said(FIVE, Shape.ANTHROPIC, page)
        seen += "".join(entry["id"] for entry in said["data"])
        if not said["has_more"]:
            break
        page = Page(2, after=said["last_id"])
    assert seen == "abcde"


@pytest.mark.parametrize("page", [Page(after="x"), Page(before="x")])
def test_a_page_at_an_unknown_model_is_the_callers_mistake(page: Page) -> None:
    with pytest.raises(BadRequest) as caught:
        _said(FIVE, Shape.ANTHROPIC, page)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("created", "time"),
    [
        (0, EPOCH),
        (1744316542, "2025-04-10T20:22:22Z"),
        (1744316542.9, "2025-04-10T20:22:22Z"),
        (None, EPOCH),
        ("soon", EPOCH),
        (10**30, EPOCH),
        ([], EPOCH),
    ],
)
def test_a_time_that_is_none_is_the_epoch(created: object, time: str) -> None:
    entry = json.loads(render_model({"id": "a", "created": created}, Shape.ANTHROPIC))
    assert entry["created_at"] == time


@pytest.mark.parametrize("time", [None, "soon", 7, {}])
def test_a_time_of_anthropics_that_cant_be_read_is_zero(time: object) -> None:
    entry = {"type": "model", "id": "a", "display_name": "A", "created_at": time}
    assert json.loads(render_model(entry, Shape.OPENAI))["created"] == 0


def test_one_model_in_each_shape_pitfall_57() -> None:
    entry = {"id": "openai/gpt-5:free", "object": "model", "created": 1, "name": "GPT-5 (free)"}
    assert json.loads(render_model(entry, Shape.OPENAI)) == entry
    assert json.loads(render_model(entry, Shape.CODEX)) == entry
    assert json.loads(render_model(entry, Shape.ANTHROPIC)) == {
        "type": "model",
        "id": "openai/gpt-5:free",
        "display_name": "GPT-5 (free)",
        "created_at": "1970-01-01T00:00:01Z",
        "lifecycle": "active",
    }


def test_a_list_of_more_than_the_largest_page_says_so() -> None:
    body = ANTHROPIC.replace(b'"has_more": false', b'"has_more": true')
    assert _said(body, Shape.ANTHROPIC, aliases=(Alias("a", "b"),))["has_more"] is True
    assert _said(body, Shape.ANTHROPIC, Page(5))["has_more"] is False


@pytest.mark.parametrize("body", LISTS)
def test_the_vendors_readers_take_every_list_pitfall_55(body: bytes) -> None:
    changes: dict[str, Any] = {"aliases": (Alias("claude-gpt-5", "gpt-5.4"),), "suffixes": True}
    for entry in _said(body, Shape.ANTHROPIC, **changes)["data"]:
        ModelInfo.model_validate({"lifecycle": "active", **entry} if body is ANTHROPIC else entry)
    for entry in _said(body, Shape.OPENAI, **changes)["data"]:
        Model.model_validate(entry)
