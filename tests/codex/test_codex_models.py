"""The backend's list of models."""

from typing import Any

import pytest

from openaiproxy.codex.models import listed_models
from openaiproxy.errors import BadUpstream


def test_the_list_has_openais_shape_and_what_is_shown_alone() -> None:
    def model(slug: Any, **more: Any) -> dict[str, Any]:
        return {"slug": slug, "visibility": "list", "supported_in_api": True, **more}

    found = listed_models(
        {
            "models": [
                model("gpt-b "),
                model("gpt-a"),
                model("gpt-a"),
                model("hidden", visibility="hide"),
                model("not-here", supported_in_api=False),
                {"slug": "unsaid", "visibility": "list"},
                {"slug": "nowhere"},
                model(" "),
                model(7),
                "odd",
            ]
        }
    )
    assert [entry["id"] for entry in found["data"]] == ["gpt-a", "gpt-b", "unsaid"]
    assert found["object"] == "list"
    assert found["data"][0] == {
        "id": "gpt-a",
        "object": "model",
        "created": 0,
        "owned_by": "openai",
    }


@pytest.mark.parametrize("found", [{}, {"models": {}}, {"data": []}])
def test_what_is_no_list_is_the_upstreams_fault(found: Any) -> None:
    with pytest.raises(BadUpstream):
        listed_models(found)
