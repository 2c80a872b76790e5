"""The presets keep the contracts that they took over."""

import pytest

from openaiproxy.config.settings import SETTINGS
from openaiproxy.presets import PRESETS, CredentialRule
from openaiproxy.profile import Route


@pytest.mark.parametrize(
    ("name", "endpoint", "credential", "needs_client_keys"),
    [
        ("gateway", "tcp:4567:interface=127.0.0.1", CredentialRule.SERVER_IF_ANY, False),
        ("passthrough", "tcp:5101:interface=127.0.0.1", CredentialRule.CALLER, False),
        ("keyed", "tcp:18443:interface=127.0.0.1", CredentialRule.SERVER, True),
    ],
)
def test_each_preset_has_its_place_and_its_rules(
    name: str, endpoint: str, credential: CredentialRule, needs_client_keys: bool
) -> None:
    preset = PRESETS[name]
    assert preset.profile.name == name
    assert preset.endpoint == endpoint
    assert preset.credential is credential
    assert preset.needs_client_keys is needs_client_keys


def test_gateway_offers_v1_and_everything_else_onto_v1() -> None:
    assert PRESETS["gateway"].profile.routes == (Route("/v1"), Route("/", onto="/v1"))


def test_passthrough_offers_everything_with_its_documented_timeouts() -> None:
    profile = PRESETS["passthrough"].profile
    assert profile.routes == (Route("/"),)
    timeouts = profile.timeouts
    assert (timeouts.connect, timeouts.first_byte, timeouts.idle) == (10, 600, 600)


@pytest.mark.parametrize(
    ("path", "subtree"),
    [
        ("/v1/chat/completions", False),
        ("/v1/completions", False),
        ("/v1/embeddings", False),
        ("/v1/responses", True),
        ("/v1/images", True),
        ("/v1/audio", True),
    ],
)
def test_keyed_offers_its_allow_list(path: str, subtree: bool) -> None:
    methods = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
    routes = PRESETS["keyed"].profile.routes
    assert Route(path, subtree, methods) in routes
    assert len(routes) == 6


def test_keyed_takes_a_key_in_x_api_key_alone_so_that_bearer_unused_is_no_wrong_one() -> None:
    assert PRESETS["keyed"].profile.auth.places == ("x-api-key",)


def test_keyed_keeps_its_error_bodies_and_its_connect_timeout() -> None:
    profile = PRESETS["keyed"].profile
    assert profile.fixed_errors == {
        401: b'{"error":"unauthorized"}',
        404: b'{"detail":"Not found"}',
        405: b'{"detail":"Method Not Allowed"}',
    }
    assert profile.timeouts.connect == 60


def test_every_variable_that_a_preset_honours_is_one_that_a_setting_has() -> None:
    customary = {variable for setting in SETTINGS for variable in setting.environment}
    assert {name for preset in PRESETS.values() for name in preset.environment} == customary
