"""The backend's list of models, in OpenAI's shape.

It comes as ::

    {"models": [{"slug": "gpt-5.4", "display_name": "GPT-5.4", "visibility": "list", "supported_in_api": true, ...}]}

Hidden ones and those that the API doesn't take are left out, as Codex leaves them out of its menu.
"""

from typing import Any

from openaiproxy.errors import BadUpstream
from openaiproxy.hub.parts import JsonObject

__all__ = ["listed_models"]


def listed_models(found: JsonObject) -> dict[str, Any]:
    """The list as OpenAI writes one, sorted by id.

    :param found: the backend's answer.
    :raises BadUpstream: 502, where that is no list of models.
    """
    models = found.get("models")
    if not isinstance(models, list):
        raise BadUpstream(502, "upstream_malformed", "The backend's list of models is none.")
    ids = sorted({model["slug"].strip() for model in models if _is_shown(model)})
    return {
        "object": "list",
        "data": [
            {"id": name, "object": "model", "created": 0, "owned_by": "openai"} for name in ids
        ],
    }


def _is_shown(model: Any) -> bool:
    if not isinstance(model, dict):
        return False
    slug = model.get("slug")
    return (
        isinstance(slug, str)
        and bool(slug.strip())
        and model.get("visibility") == "list"
        and model.get("supported_in_api") is not False
    )
