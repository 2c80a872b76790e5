"""The printed configuration: whole, loadable, and without a secret."""

import tomllib
from collections.abc import Mapping

import pytest
from attrs import evolve

from openaiproxy.config.printing import print_config
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Config, Logging, Port, Profile, Route, Upstream
from tests.config.world import KEY, World

FILES: Mapping[str, str | bytes | Exception] = {
    "/srv/key": KEY,
    "/srv/keys": "alice = alices-key",
    "/srv/ca.pem": "-----BEGIN CERTIFICATE-----",
    "/srv/models.json": '["a"]',
}


def bare(config: Config) -> Config:
    """The configuration without its story."""
    return evolve(config, origins={}, warnings=())


@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"listen": ["gateway=tcp:1", "passthrough=unix:/run/a b", "gateway=tcp:2"]},
        {"profile": "keyed", "api_key_file": "key", "client_keys_file": "keys"},
        {"upstream": "embedded", "keepalive": "none", "max_body": "none", "total_timeout": "9"},
        {"upstream": "https://h/base/v1", "proxy": "p:1", "no_proxy": "a b", "ca_bundle": "ca.pem"},
        {"allow_host": ["b", "a"], "allow_origin": "*", "client_key_headers": "x-b,x-a"},
        {"log_file": "x\"\\'é\U0001f600.log", "log_rotate_daily": "no", "log_rotate_size": "none"},
        {"payload_log": "p.log", "drain": "0", "log_format": "json"},
        {"profile": "bridge"},
        {"profile": "o1", "api_key_file": "key"},
        {"mode": "bridge", "speaks": ["messages", "chat"], "aliases": ["b=c:res-low", "a=d:e"]},
        {"default_effort": "none", "default_tier": "flex", "store": "no", "unsupported": "pass"},
        {"models_file": "models.json", "keep_models": "plain", "models_ttl": "0"},
        {"keep_models": "relay", "reasoning_shown": "off", "refuse_losses": "yes"},
    ],
)
def test_what_is_printed_loads_as_the_same_configuration(flags: dict[str, object]) -> None:
    config = World(FILES).load(**flags)
    again = World({**FILES, "/etc/c.toml": print_config(config)}).load(config="/etc/c.toml")
    assert bare(again) == bare(config)


def test_a_profile_of_ones_own_is_printed_with_its_preset() -> None:
    toml = "[profiles.team]\npreset = 'passthrough'"
    config = World({"/srv/c.toml": toml}).load(config="c.toml", profile="team")
    document = tomllib.loads(print_config(config))
    assert document["profiles"]["team"]["preset"] == "passthrough"


def test_no_secret_is_printed_but_where_it_was_found_is() -> None:
    environ = {
        "OPENAI_API_KEY": KEY,
        "OPENAIPROXY_CLIENT_KEYS": "alice=alices-key,bob=bobs-long-key",
        "HTTPS_PROXY": "http://me:proxy-secret@p:3128",
    }
    printed = print_config(World(environ=environ).load())
    assert not any(word in printed for word in (KEY, "alices-key", "bobs-long", "proxy-secret"))
    lines = printed.split("\n")
    assert "# server-side key: key = <hidden>  # environment OPENAI_API_KEY" in lines
    assert (
        "# client keys: alice = <hidden>, bob = <hidden>  # environment OPENAIPROXY_CLIENT_KEYS"
    ) in lines
    assert 'proxy = "http://me:<hidden>@p:3128"  # environment HTTPS_PROXY' in lines
    assert "[logging]" in lines


def test_a_lone_user_of_a_proxy_is_taken_for_a_token() -> None:
    printed = print_config(World().load(proxy="http://token@p:1"))
    assert 'proxy = "http://<hidden>@p:1"  # --proxy' in printed


def test_a_mask_that_is_loaded_again_is_warned_of() -> None:
    printed = print_config(World().load(proxy="http://u:secret@p:1"))
    config = World({"/srv/c.toml": printed}).load(config="c.toml")
    [warning] = config.warnings
    assert warning.startswith("/srv/c.toml: profiles.gateway.proxy: its password is <hidden>")


def test_values_are_printed_with_their_places() -> None:
    world = World({"/srv/.env": "OPENAI_BASE_URL=http://h"}, {"OPENAIPROXY_DRAIN": "3"})
    lines = print_config(world.load(max_body="1KiB")).split("\n")
    assert 'upstream = "http://h"  # /srv/.env: OPENAI_BASE_URL' in lines
    assert "drain = 3.0  # environment OPENAIPROXY_DRAIN" in lines
    assert "max-body = 1024  # --max-body" in lines
    assert "payload-chars = 20000  # preset gateway" in lines
    assert "keep = 14  # default" in lines


def test_what_is_left_to_the_caller_or_relayed_says_so() -> None:
    printed = print_config(World().load(keep_models="relay"))
    document = tomllib.loads(printed)["profiles"]["gateway"]
    assert document["keep-models"] == "relay"
    assert not document.keys() & {"models-file", "models-ttl", "models-patience"}
    taken_back = {document[f"default-{name}"] for name in ("effort", "summary", "tier")}
    assert taken_back == {"caller"}
    assert document["store"] == "caller"


def test_what_is_printed_of_any_preset_loads_without_a_warning() -> None:
    keys = f"OPENAI_API_KEY={KEY}\nPROXY_X_API_KEY=a-client-key\nSECURITY_KEY=a-client-key"
    world = World({**FILES, "/srv/.env": keys}, {"HOME": "/root"})
    for name in PRESETS:
        printed = print_config(world.load(profile=name))
        again = World({**world.files, "/etc/c.toml": printed}).load(config="/etc/c.toml")
        assert again.warnings == ()


def test_a_configuration_made_by_hand_is_printed_without_a_story() -> None:
    profile = Profile("mine", (Route("/"),), Upstream(proxy="http://p"))
    printed = print_config(Config((Port("tcp:1", profile),), Logging(file="a\x7f\n")))
    document = tomllib.loads(printed)
    assert document["logging"]["file"] == "a\x7f\n"
    assert document["profiles"]["mine"]["preset"] == "mine"
    assert document["profiles"]["mine"]["proxy"] == "http://p"
    assert document["listen"] == [{"profile": "mine", "endpoint": "tcp:1"}]
    assert printed.count("#") == 4


def test_a_place_with_a_line_end_in_it_does_not_end_the_comment() -> None:
    world = World({"/srv/a\tb/c.toml": "drain = 3"})
    config = evolve(world.load(), origins={"drain": "/srv/a\nb.toml: drain"})
    assert "drain = 30.0  # /srv/a b.toml: drain\n" in print_config(config)
