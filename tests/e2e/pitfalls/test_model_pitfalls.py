"""Pitfalls 55 to 57: the list of models."""

from typing import Any

import pytest

from tests.e2e.scene import Played, Scene

ALIASES = ["claude-gpt-5.6=gpt-5.6-terra", "team/fast:1=gpt-4.1"]


def ids(body: Any) -> list[str]:
    return [entry["id"] for entry in body["data"]]


@pytest.mark.parametrize("preset", ["gateway", "bridge", "o1", "passthrough"])
def test_pitfall_55_the_list_has_the_shape_of_who_asks(preset: str) -> None:
    scene = Scene(preset)
    openai = scene.get("/v1/models").json
    assert openai["object"] == "list"
    assert {"id", "object", "created", "owned_by"} <= openai["data"][0].keys()
    claude = scene.get("/v1/models?limit=1", anthropic_version="2023-06-01").json
    assert {"type", "id", "display_name", "created_at"} <= claude["data"][0].keys()
    assert claude["data"][0]["type"] == "model"
    assert claude["first_id"] == claude["last_id"] == claude["data"][0]["id"]
    assert claude["has_more"] is (len(openai["data"]) > 1)


def test_pitfall_55_codex_gets_a_shape_of_its_own() -> None:
    assert "models" in Scene().get("/v1/models?client_version=1.0.0").json


def test_pitfall_56_claude_code_finds_the_aliases_and_they_work() -> None:
    scene = Scene(aliases=ALIASES)
    found = scene.get("/v1/models?limit=1000", anthropic_version="2023-06-01").json
    shown = [name for name in ids(found) if "claude" in name or "anthropic" in name]
    assert shown == ["claude-gpt-5.6"]
    assert shown[0].startswith("claude")
    body = {"model": shown[0], "max_tokens": 99, "messages": [{"role": "user", "content": "hello"}]}
    assert scene.post("/v1/messages", body).status == 200
    assert scene.sent[0].json["model"] == "gpt-5.6-terra"


@pytest.mark.parametrize(
    "trouble",
    [Played(status=500), Played(status=429), Played(body=b"<html>", media="text/html")],
    ids=["500", "429", "html"],
)
def test_pitfall_57_the_last_good_list_is_shown_when_the_upstream_is_down(trouble: Played) -> None:
    scene = Scene(aliases=ALIASES)
    before = ids(scene.get("/v1/models").json)
    scene.run(400)
    scene.play(trouble)
    call = scene.get("/v1/models")
    assert call.status == 200
    assert ids(call.json) == before
    assert "claude-gpt-5.6" in before
    assert len(scene.front.sent) == 2


def test_pitfall_57_or_slow() -> None:
    scene = Scene()
    before = ids(scene.get("/v1/models").json)
    scene.run(400)
    scene.play(Played(silent=True))
    call = scene.get("/v1/models")
    assert not call.ended
    scene.run(3)
    assert ids(call.json) == before


def test_pitfall_57_without_an_older_list_the_aliases_are_shown() -> None:
    scene = Scene(aliases=ALIASES)
    scene.play(Played(status=503))
    assert set(ids(scene.get("/v1/models").json)) == {"claude-gpt-5.6", "team/fast:1"}


@pytest.mark.parametrize(
    "name", ["gpt-4.1", "claude-gpt-5.6", "team/fast:1", "team%2Ffast%3A1", "gpt-5:res-high"]
)
def test_pitfall_57_each_can_be_asked_for(name: str) -> None:
    scene = Scene(aliases=ALIASES, reasoning_suffixes="yes")
    call = scene.get(f"/v1/models/{name}")
    assert call.status == 200
    assert call.json["id"] == name.replace("%2F", "/").replace("%3A", ":")
