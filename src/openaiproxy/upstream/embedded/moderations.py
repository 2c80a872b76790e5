"""Moderations: harmless, unless the text says ``violence``."""

from typing import Any

from openaiproxy.upstream.embedded.calls import Answer, Call, Whole

__all__ = ["create"]

_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
#: The categories for which images are looked at as well.
_SEEN = frozenset(
    {
        "self-harm",
        "self-harm/instructions",
        "self-harm/intent",
        "sexual",
        "violence",
        "violence/graphic",
    }
)


def create(call: Call) -> Answer:
    """``POST /v1/moderations``."""
    call.require("input")
    given = call.body["input"]
    one = isinstance(given, str) or (given and isinstance(given[0], dict))
    results = [_result(each) for each in ([given] if one else given)]
    model = call.model or "omni-moderation-latest"
    return Whole({"id": call.name("modr-"), "model": model, "results": results})


def _result(given: Any) -> dict[str, Any]:
    given = given if isinstance(given, list) else [{"type": "text", "text": given}]
    parts = [part for part in given if isinstance(part, dict)]
    violent = any("violence" in str(part.get("text", "")).lower() for part in parts)
    flags = {name: violent and name == "violence" for name in _CATEGORIES}
    kinds = sorted({"text" if part.get("type") == "text" else "image" for part in parts})
    words = [kind for kind in kinds if kind == "text"]
    return {
        "flagged": violent,
        "categories": flags,
        "category_scores": {name: 0.98 if flag else 0.0001 for name, flag in flags.items()},
        "category_applied_input_types": {
            name: kinds if name in _SEEN else words for name in _CATEGORIES
        },
    }
