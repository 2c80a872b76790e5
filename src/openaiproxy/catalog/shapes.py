"""A list of models, or one of them, as bytes in the shape that was asked for.

Where an entry is in that shape already, it stays as it is; where the whole list is, and nothing about it was changed,
the upstream's own bytes are used. An entry of another shape is made anew from what it has: nothing is invented but the
zero of a time that isn't known (https://docs.anthropic.com/en/api/models: "may be set to an epoch value").

Codex's entries hold a model's instructions and tools, and Codex uses them in place of its own for the same name. They
can't be made from OpenAI's, so that a list of those has none; the client then keeps what it came with. What the names
are is said beside it, under ``data``.
"""

from datetime import UTC, datetime
from operator import is_
from typing import Any

from openaiproxy.catalog.asked import Page, Shape
from openaiproxy.catalog.listing import Listing, name_of
from openaiproxy.dialects.dialect import bad_field
from openaiproxy.hub.parts import JsonObject
from openaiproxy.wire.json import dumps

__all__ = ["render_listing", "render_model"]


WHOLE = Page()


def render_listing(listing: Listing, shape: Shape, page: Page = WHOLE) -> bytes:
    """A list.

    :param page: of Anthropic's; the others have none.
    :raises BadRequest: 400 where a page begins at a model that is not in the list.
    """
    if shape is Shape.ANTHROPIC:
        return _anthropic(listing, page)
    if shape is Shape.CODEX:
        return _codex(listing)
    return _openai(listing)


def render_model(entry: JsonObject, shape: Shape) -> bytes:
    """One model."""
    if shape is Shape.ANTHROPIC:
        return dumps(_as_anthropic(entry))
    return dumps(entry if shape is Shape.CODEX else _as_openai(entry))


def _openai(listing: Listing) -> bytes:
    if listing.key == "models":
        visible = [_as_openai(entry) for entry in listing.entries if _is_visible(entry)]
        visible.sort(key=lambda entry: str(entry["id"]))
        return dumps({"object": "list", "data": visible})
    entries = [_as_openai(entry) for entry in listing.entries]
    same = all(map(is_, entries, listing.entries))
    if listing.raw is not None and same:
        return listing.raw
    kept = listing.top if same else {"object": "list", **listing.top}
    return dumps({**kept, listing.key: entries})


def _codex(listing: Listing) -> bytes:
    entries = [entry for entry in listing.entries if "slug" in entry]
    if listing.key == "models":
        return listing.raw or dumps({**listing.top, "models": entries})
    data = [_as_openai(entry) for entry in listing.entries]
    return dumps({"models": entries, "object": "list", "data": data})


def _anthropic(listing: Listing, page: Page) -> bytes:
    entries = [_as_anthropic(entry) for entry in listing.entries if _is_visible(entry)]
    same = len(entries) == len(listing.entries) and all(map(is_, entries, listing.entries))
    if listing.raw is not None and same and page == WHOLE and "has_more" in listing.top:
        return listing.raw
    shown, more = _cut(entries, page)
    return dumps(
        {
            "data": shown,
            "has_more": more or (page == WHOLE and listing.top.get("has_more") is True),
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
        }
    )


def _cut(entries: list[JsonObject], page: Page) -> tuple[list[JsonObject], bool]:
    """The entries of a page, and whether there are more in the direction in which it was turned."""
    names = [entry["id"] for entry in entries]
    if page.before is not None:
        entries = entries[: _index(names, page.before, "before_id")]
        first = max(0, len(entries) - (page.limit or len(entries)))
        return entries[first:], first > 0
    if page.after is not None:
        entries = entries[_index(names, page.after, "after_id") + 1 :]
    shown = entries[: page.limit]
    return shown, len(shown) < len(entries)


def _index(names: list[Any], name: str, path: str) -> int:
    if name not in names:
        raise bad_field(path, "must be the id of a model in the list")
    return names.index(name)


def _is_visible(entry: JsonObject) -> bool:
    """Whether one of Codex's models is meant for the API, and for eyes; all others are."""
    return entry.get("supported_in_api") is not False and entry.get("visibility", "list") == "list"


def _as_openai(entry: JsonObject) -> JsonObject:
    if "slug" in entry and "id" not in entry:
        made: JsonObject = {
            "id": name_of(entry),
            "object": "model",
            "created": 0,
            "owned_by": "openai",
        }
        return {**made, "metadata": entry["metadata"]} if "metadata" in entry else made
    if entry.get("type") == "model" and "object" not in entry:
        created = _seconds(entry.get("created_at"))
        return {**entry, "object": "model", "created": created, "owned_by": "anthropic"}
    return entry


def _as_anthropic(entry: JsonObject) -> JsonObject:
    if entry.get("type") == "model" and "created_at" in entry and "display_name" in entry:
        return entry
    name = name_of(entry)
    shown = next(
        (
            entry[key]
            for key in ("display_name", "name")
            if isinstance(entry.get(key), str) and entry[key]
        ),
        name,
    )
    time = _time(entry.get("created"))
    made: JsonObject = {"type": "model", "id": name, "display_name": shown, "created_at": time}
    # "The model is available for use": that is what its being listed says.
    return {**made, "lifecycle": "active"}


def _seconds(time: Any) -> int:
    try:
        return int(datetime.fromisoformat(time).timestamp())
    except (TypeError, ValueError, OverflowError):
        return 0


def _time(seconds: Any) -> str:
    try:
        moment = datetime.fromtimestamp(int(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
