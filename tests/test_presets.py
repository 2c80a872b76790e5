"""The presets keep the contracts that they took over."""

import pytest

from openaiproxy.bridging import Amendments, Bridging, Keep, Mode, Models
from openaiproxy.config.settings import SETTINGS
from openaiproxy.presets import PRESETS, CredentialRule
from openaiproxy.profile import Route, Simple
from openaiproxy.web.routing import Routing
from openaiproxy.wire.target import parse_target


@pytest.mark.parametrize(
    ("name", "endpoint", "credential", "needs_client_keys"),
    [
        ("gateway", "tcp:4567:interface=127.0.0.1", CredentialRule.SERVER_IF_ANY, False),
        ("passthrough", "tcp:5101:interface=127.0.0.1", CredentialRule.CALLER, False),
        ("bridge", "tcp:5102:interface=127.0.0.1", CredentialRule.CALLER, False),
        ("o1", "tcp:4567:interface=127.0.0.1", CredentialRule.SERVER, False),
        ("codex", "tcp:8765:interface=127.0.0.1", CredentialRule.LOGIN, False),
        ("keyed", "tcp:18443:interface=127.0.0.1", CredentialRule.SERVER, True),
        ("simple", "tcp:3002:interface=127.0.0.1", CredentialRule.SERVER_IF_ANY, True),
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


def test_gateway_translates_what_it_must_and_lists_all_models() -> None:
    profile = PRESETS["gateway"].profile
    assert profile.upstream.speaks == ("responses", "chat")
    assert profile.bridging == Bridging(mode=Mode.AUTO, models=Models())


def test_bridge_speaks_responses_searches_and_reasons_rows_45_46_56_57() -> None:
    profile = PRESETS["bridge"].profile
    assert profile.upstream.speaks == ("responses",)
    amendments = Amendments(suffixes=True, effort="medium", summary="auto", web_search=True)
    models = Models(keep=Keep.CODEX)
    assert profile.bridging == Bridging(Mode.BRIDGE, amendments, models)


@pytest.mark.parametrize("name", ["passthrough", "bridge"])
def test_the_callers_own_credential_never_meets_a_client_key_in_authorization(name: str) -> None:
    assert PRESETS[name].profile.auth.places == ("x-api-key",)
    assert not any("KEY" in variable for variable in PRESETS[name].environment)


def test_passthrough_relays_and_lists_what_is_no_codex_row_45() -> None:
    assert PRESETS["passthrough"].profile.bridging == Bridging(models=Models(keep=Keep.PLAIN))


def test_keyed_relays_all_that_it_offers() -> None:
    assert PRESETS["keyed"].profile.bridging == Bridging()


def test_o1_waits_ten_minutes_for_everything() -> None:
    profile = PRESETS["o1"].profile
    assert profile.bridging == Bridging(mode=Mode.AUTO, models=Models())
    timeouts = profile.timeouts
    assert (timeouts.connect, timeouts.first_byte, timeouts.idle) == (600, 600, 600)
    assert timeouts.client_write == 600


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/chat/completions", "OPTIONS, POST"),
        ("/v1/responses", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("/v1/responses/resp_1/cancel", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("/v1/models", "GET, HEAD, OPTIONS"),
        ("/v1/models/o1-mini", "GET, HEAD, OPTIONS"),
    ],
)
def test_o1_offers_chat_and_what_chats_clients_ask_for_too_pitfall_4(
    path: str, methods: str
) -> None:
    assert Routing(PRESETS["o1"].profile.routes).methods(path) == methods


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


def test_simple_has_its_documented_limits_and_times_row_98_row_102() -> None:
    profile = PRESETS["simple"].profile
    assert profile.simple == Simple()
    assert profile.simple.timeout == 600
    assert profile.simple.longest == 900
    assert profile.limits.requests == 32
    times = profile.timeouts
    assert (times.connect, times.first_byte, times.idle, times.total) == (30, 905, 905, 930)
    assert (times.keepalive, times.client_idle) == (15, 65)


def test_simple_takes_no_key_of_ours_where_the_upstreams_stands_row_32() -> None:
    assert PRESETS["simple"].profile.auth.places == ("x-security-key",)


def test_no_other_preset_has_the_simplified_endpoints() -> None:
    assert [name for name, each in PRESETS.items() if each.profile.simple] == ["simple"]


def test_every_variable_that_a_preset_honours_is_one_that_a_setting_has() -> None:
    customary = {variable for setting in SETTINGS for variable in setting.environment}
    assert {name for preset in PRESETS.values() for name in preset.environment} == customary


def test_codex_spends_a_login_on_every_way_to_write_a_path_rows_36_to_39() -> None:
    preset = PRESETS["codex"]
    routing = Routing(preset.profile.routes)
    for path in ("/v1/responses", "/responses", "/backend-api/codex/responses", "/v1/v1/responses"):
        assert routing.upstream_target("POST", parse_target(path.encode())) == b"/v1/responses"
    for path in ("/api/codex/usage", "/backend-api/codex/usage", "/backend-api/wham/usage"):
        assert routing.upstream_target("GET", parse_target(path.encode())) == path.encode()
    assert preset.profile.credential.login is not None
    assert [name for name, one in PRESETS.items() if one.profile.credential.is_ours] == ["codex"]
    assert "OPENAI_API_KEY" not in preset.environment
