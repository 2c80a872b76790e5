"""What a caller wants to see of the models."""

import pytest

from openaiproxy.catalog.asked import Asked, Page, Shape, parse_asked
from openaiproxy.errors import BadRequest


def _asked(
    target: str, *, version: bool = False, agent: str = "", speaks: str = "responses"
) -> Asked:
    asked = parse_asked(
        target.encode(), speaks=(speaks,), anthropic_version=version, user_agent=agent
    )
    assert asked is not None
    return asked


@pytest.mark.parametrize(
    ("target", "model"),
    [
        ("/v1/models", None),
        ("/v1/models/", None),
        ("/models", None),
        ("/v1/models/gpt-5", "gpt-5"),
        ("/v1/models/openai/gpt-5", "openai/gpt-5"),
        ("/v1/models/openai%2Fgpt-5%3Afree", "openai/gpt-5:free"),
        ("/v1/models/ft:gpt-4.1:team::id", "ft:gpt-4.1:team::id"),
        ("/v1/models/a%252Fb", "a%2Fb"),
        ("/v1/models/models/x", "models/x"),
        ("/v1/models/gpt-5?beta=true", "gpt-5"),
    ],
)
def test_a_models_name_may_hold_slashes_and_colons_pitfall_57(
    target: str, model: str | None
) -> None:
    assert _asked(target).model == model


@pytest.mark.parametrize("target", ["/v1/modelsx", "/v1/files", "/x/models", "/v1/chat/models"])
def test_other_paths_are_not_for_models(target: str) -> None:
    found = parse_asked(target.encode(), speaks=("chat",), anthropic_version=False, user_agent="")
    assert found is None


def test_the_shape_is_the_callers_pitfall_55() -> None:
    codex = "/v1/models?client_version=0.154.0"
    assert _asked("/v1/models").shape is Shape.OPENAI
    assert _asked("/v1/models", version=True).shape is Shape.ANTHROPIC
    assert _asked("/v1/models", agent="claude-cli/2.1.270 (external, cli)").shape is Shape.ANTHROPIC
    assert _asked("/v1/models", agent="OpenAI/Python 3.3.1").shape is Shape.OPENAI
    assert _asked(codex).shape is Shape.CODEX
    assert _asked(codex, version=True).shape is Shape.ANTHROPIC


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("", Page()),
        ("limit=1000", Page(1000)),
        ("limit=5000", Page(1000)),
        ("limit=0", Page(1)),
        ("limit=20&after_id=a%2Fb", Page(20, after="a/b")),
        ("before_id=x", Page(before="x")),
        ("after_id=", Page()),
    ],
)
def test_pages_are_anthropics_pitfall_55(query: str, page: Page) -> None:
    assert _asked(f"/v1/models?{query}", version=True).page == page
    assert _asked(f"/v1/models?{query}").page == Page()


@pytest.mark.parametrize("limit", ["x", "-1", "1.5", "", "99999999999", "%C2%B2"])
def test_a_limit_that_is_no_number_is_the_callers_mistake(limit: str) -> None:
    with pytest.raises(BadRequest):
        _asked(f"/v1/models?limit={limit}", version=True)
    assert _asked(f"/v1/models?limit={limit}").page == Page()


@pytest.mark.parametrize(
    ("value", "fresh"),
    [("true", True), ("1", True), ("YES", True), ("0", False), ("", False), ("no", False)],
)
def test_refresh_is_said_in_several_ways_row_48(value: str, fresh: bool) -> None:
    assert _asked(f"/v1/models?refresh={value}").refresh is fresh


@pytest.mark.parametrize(
    ("target", "upstream"),
    [
        ("/v1/models", b"/v1/models"),
        ("/v1/models?", b"/v1/models"),
        ("/v1/models/", b"/v1/models"),
        ("/models/gpt-5", b"/models"),
        ("/v1/models?refresh=1&limit=5&after_id=a&before_id=b&beta=true", b"/v1/models"),
        ("/v1/models?client_version=0.154.0", b"/v1/models?client_version=0.154.0"),
        ("/v1/models?api-version=x%20y&refres%68=1&b", b"/v1/models?api-version=x%20y&b"),
    ],
)
def test_what_is_not_meant_for_us_goes_on_as_it_was_sent(target: str, upstream: bytes) -> None:
    assert _asked(target).upstream == upstream


def test_an_upstream_that_gives_pages_is_asked_for_the_largest() -> None:
    assert _asked("/v1/models?limit=2", speaks="messages").upstream == b"/v1/models?limit=1000"
    assert _asked("/v1/models?a=b", speaks="messages").upstream == b"/v1/models?a=b&limit=1000"
