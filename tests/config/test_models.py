"""A list of models of the operator's own."""

import json

import pytest

from openaiproxy.config.models import parse_models
from tests.config.world import World


@pytest.mark.parametrize(
    "text",
    [
        '["a", "b/c:d"]',
        '[{"id": "a"}, "b/c:d"]',
        '{"object": "list", "data": [{"id": "a"}, {"id": "b/c:d"}]}',
        '\ufeff{"data": ["a", "b/c:d"]}',
    ],
)
def test_ids_and_objects_are_a_list_in_openais_shape_row_47(text: str) -> None:
    filled = {"object": "model", "created": 0, "owned_by": "openaiproxy"}
    assert parse_models(text) == (({"id": "a", **filled}, {"id": "b/c:d", **filled}), ())


def test_what_an_entry_has_is_kept_row_47() -> None:
    entry = {"id": "a", "object": "model", "created": 7, "owned_by": "me", "metadata": {"x": 1}}
    assert parse_models(json.dumps([entry])) == ((entry,), ())


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("", ["isn't JSON (expecting value at line 1, column 1)"]),
        ('[\n "a",\n "b"', ["isn't JSON (expecting ',' delimiter at line 3, column 5)"]),
        ('[{"id": "a", "x": NaN}]', ["isn't JSON"]),
        ("[" * 100_000, ["isn't JSON"]),
        ("3", ["expected a list of models, or an object with such a list in data"]),
        ('{"models": []}', ["expected a list of models, or an object with such a list in data"]),
        ('{"data": {"id": "a"}}',
         ["expected a list of models, or an object with such a list in data"]),
        ("[]", ["expected at least one model"]),
        ('["a", 3, {"name": "b"}, {"id": ""}, {"id": " c"}, {"id": 5}, "d\\u0000", ["e"], null]',
         [f"entry {number}: expected a model's id, or an object with an id"
          for number in range(2, 10)]),
        ('["a", "b", {"id": "a"}]', ["entry 3: has the same id as entry 1"]),
    ],
)  # fmt: skip
def test_each_mistake_has_its_place_and_leaves_no_list(text: str, mistakes: list[str]) -> None:
    assert parse_models(text) == ((), tuple(mistakes))


def test_the_file_is_read_at_start_relative_to_where_it_was_named_row_47() -> None:
    toml = "[profiles.gateway]\nmodels-file = 'models.json'"
    world = World({"/etc/o/c.toml": toml, "/etc/o/models.json": '["a"]'})
    models = world.profile(config="/etc/o/c.toml").bridging.models
    assert models is not None
    assert models.file == "/etc/o/models.json"
    assert models.listed is not None
    assert [model["id"] for model in models.listed] == ["a"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (FileNotFoundError(2, "No such file"), "--models-file: /srv/m cannot be read (No such file)"),
        (b"\xff", "--models-file: /srv/m isn't UTF-8 text"),
        ("[,", "--models-file: /srv/m: isn't JSON (expecting value at line 1, column 2)"),
        ('["a", 3]', "--models-file: /srv/m: entry 2: expected a model's id, or an object with an id"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_keeps_the_port_shut_row_47(
    content: str | bytes | Exception, said: str
) -> None:
    assert World({"/srv/m": content}).mistakes(models_file="m") == [said]


def test_a_file_that_nobody_shows_is_not_read() -> None:
    config = World().load(keep_models="relay", models_file="missing")
    [port] = config.ports
    assert port.profile.bridging.models is None
    assert config.warnings == (
        "--models-file: not used by profile gateway, which relays the upstream's list of models",
    )
