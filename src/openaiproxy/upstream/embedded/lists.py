"""Lists that are read page by page: ``limit`` and ``after`` in the query; first, last, and whether
there's more.
"""

from typing import Any

from openaiproxy.upstream.embedded.calls import Call
from openaiproxy.upstream.embedded.refusals import Refusal

__all__ = ["page"]


def page(call: Call, things: list[dict[str, Any]], usual: int, most: int) -> dict[str, Any]:
    """One page.

    :param things: all of them, in order, each with an ``id``.
    :param usual: how many where ``limit`` isn't given; ``most``: the highest ``limit``.
    """
    limit = call.query.get("limit", str(usual))
    if not limit.isdigit() or not 1 <= int(limit[:9]) <= most:
        message = f"Invalid 'limit': expected a value from 1 to {most}."
        raise Refusal(400, message, param="limit")
    after = call.query.get("after")
    ids = [thing["id"] for thing in things]
    start = ids.index(after) + 1 if after in ids else 0
    shown = things[start : start + int(limit)]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else "",
        "last_id": shown[-1]["id"] if shown else "",
        "has_more": start + int(limit) < len(things),
    }
