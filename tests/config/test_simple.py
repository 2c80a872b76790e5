"""The simplified endpoints as they are configured: chatgpt-proxy's variables, and what follows from them."""

import tomllib

import pytest

from openaiproxy.config.printing import print_config
from openaiproxy.profile import Profile
from tests.config.world import KEY, World

SECRET = "a-security-key"
USUAL = {"SECURITY_KEY": SECRET}


def simple(flags: dict[str, object] | None = None, **environ: str) -> Profile:
    """The profile, with these variables."""
    return World(environ={**USUAL, **environ}).profile(profile="simple", **(flags or {}))


def test_without_a_security_key_it_does_not_start_row_42_defect_2() -> None:
    for flags in ({}, {"upstream": "embedded"}):
        [mistake] = World().mistakes(profile="simple", **flags)
        assert mistake.startswith("--profile: profile simple needs client keys: expected ")
        assert "SECURITY_KEY" in mistake


@pytest.mark.parametrize("key", ["short", "with blanks in it"])
def test_a_malformed_security_key_is_a_mistake_that_shows_nothing(key: str) -> None:
    [mistake] = World(environ={"SECURITY_KEY": key}).mistakes(profile="simple")
    assert mistake.startswith("environment SECURITY_KEY: expected a key")
    assert key not in mistake


def test_the_documented_variables_are_honoured_rows_28_31_33_35_50() -> None:
    profile = simple(
        OPENAI_API_KEY=KEY,
        OPENAI_PROJECT_KEY="proj_1",
        OPENAI_ORG_ID="org-1",
        ANTHROPIC_API_KEY="sk-ant-1",
        ANTHROPIC_BASE_URL="https://anthropic.example/v1",
        DEFAULT_MODEL="gpt-4.1",
    )
    assert [(key.name, key.secret) for key in profile.auth.keys] == [("default", SECRET)]
    assert profile.credential.key == KEY
    assert (profile.credential.project, profile.credential.organization) == ("proj_1", "org-1")
    assert profile.simple is not None
    assert profile.simple.anthropic_key == "sk-ant-1"
    assert profile.simple.anthropic.base == "https://anthropic.example"
    assert profile.simple.model == "gpt-4.1"
    assert not any(word in repr(profile) for word in (SECRET, "sk-ant-1", KEY))


@pytest.mark.parametrize(
    ("variable", "path", "value"),
    [
        ("OPENAI_PROXY_UPSTREAM_TIMEOUT_MS", "simple.timeout", 1.5),
        ("OPENAI_PROXY_UPSTREAM_MAX_TIMEOUT_MS", "simple.longest", 700.0),
        ("OPENAI_PROXY_TRANSPORT_CONNECT_TIMEOUT_MS", "timeouts.connect", 1.5),
        ("OPENAI_PROXY_TRANSPORT_HEADERS_TIMEOUT_MS", "timeouts.first_byte", 1.5),
        ("OPENAI_PROXY_TRANSPORT_BODY_TIMEOUT_MS", "timeouts.idle", 1.5),
        ("OPENAI_PROXY_SSE_KEEPALIVE_INTERVAL_MS", "timeouts.keepalive", 1.5),
        ("OPENAI_PROXY_SERVER_TIMEOUT_MS", "timeouts.total", 2000.0),
        ("OPENAI_PROXY_KEEPALIVE_TIMEOUT_MS", "timeouts.client_idle", 1.5),
    ],
)
def test_times_are_in_milliseconds_rows_101_102(variable: str, path: str, value: float) -> None:
    part, name = path.split(".")
    usual = getattr(getattr(simple(), part), name)
    given = simple(**{variable: str(round(value * 1000))})
    assert getattr(getattr(given, part), name) == value != usual
    for wrong in ("0", "-5", "soon", "1.5", "1e3"):
        world = World(environ={**USUAL, variable: wrong})
        config = world.load(profile="simple")
        assert getattr(getattr(config.ports[0].profile, part), name) == usual
        assert config.warnings[0].startswith(f"environment {variable}: expected a whole number")


def test_counts_are_plain_rows_98_100() -> None:
    profile = simple(
        OPENAI_PROXY_MAX_PARALLEL_REQUESTS="7", OPENAI_PROXY_RESPONSES_MAX_BODY_BYTES="1000"
    )
    assert profile.limits.requests == 7
    assert profile.simple is not None
    assert profile.simple.responses_body == 1000


def test_the_variables_are_nothing_to_other_profiles() -> None:
    variables = {"OPENAI_PROXY_MAX_PARALLEL_REQUESTS": "7", "SECURITY_KEY": "x", "ACCESS_TOKEN": ""}
    assert World(environ=variables).profile().limits.requests == 4096


def test_our_own_names_are_in_seconds() -> None:
    profile = simple({"upstream_timeout": "5"}, OPENAIPROXY_LONGEST_UPSTREAM_TIMEOUT="10")
    assert profile.simple is not None
    assert (profile.simple.timeout, profile.simple.longest) == (5.0, 10.0)


def test_other_times_follow_the_longest_answer_row_102() -> None:
    times = simple(OPENAI_PROXY_UPSTREAM_MAX_TIMEOUT_MS="1000000").timeouts
    assert (times.first_byte, times.idle, times.total) == (1005.0, 1005.0, 1030.0)
    times = simple(
        OPENAI_PROXY_UPSTREAM_MAX_TIMEOUT_MS="1000000",
        OPENAI_PROXY_TRANSPORT_HEADERS_TIMEOUT_MS="5000",
        OPENAI_PROXY_SERVER_TIMEOUT_MS="1000",
    ).timeouts
    assert (times.first_byte, times.idle, times.total) == (5.0, 1005.0, 1030.0)
    assert simple({"total_timeout": "none"}).timeouts.total is None


def test_the_longest_answer_is_never_shorter_than_the_usual_one_row_101() -> None:
    profile = simple(
        OPENAI_PROXY_UPSTREAM_TIMEOUT_MS="5000", OPENAI_PROXY_UPSTREAM_MAX_TIMEOUT_MS="1"
    )
    assert profile.simple is not None
    assert (profile.simple.timeout, profile.simple.longest) == (5.0, 5.0)


def test_anthropic_is_the_stand_in_where_openai_is_unless_it_is_named() -> None:
    profile = simple({"upstream": "embedded"}, ANTHROPIC_API_KEY="sk-ant-1", OPENAI_API_KEY=KEY)
    assert profile.simple is not None
    assert profile.simple.anthropic.embedded
    assert profile.simple.anthropic_key is None
    assert profile.credential.key is None
    profile = simple({"upstream": "embedded", "anthropic_upstream": "http://a.example"})
    assert profile.simple is not None
    assert profile.simple.anthropic.base == "http://a.example"
    assert not profile.simple.anthropic.embedded


def test_anthropic_is_reached_by_the_same_way_out_row_105_row_106() -> None:
    world = World(
        {"/srv/ca.pem": "-----BEGIN CERTIFICATE-----"},
        {**USUAL, "HTTPS_PROXY": "http://p:1", "NO_PROXY": "api.anthropic.com"},
    )
    profile = world.profile(profile="simple", ca_bundle="ca.pem")
    assert profile.simple is not None
    assert profile.upstream.proxy == "http://p:1"
    assert profile.simple.anthropic.proxy is None
    assert profile.simple.anthropic.ca_bundle == "/srv/ca.pem"
    assert simple(HTTPS_PROXY="http://p:1").simple.anthropic.proxy == "http://p:1"


@pytest.mark.parametrize("flag", ["anthropic_key", "admin_token"])
def test_its_other_secrets_are_not_taken_from_the_command_line(flag: str) -> None:
    [mistake] = World(environ=USUAL).mistakes(profile="simple", **{flag: KEY})
    assert mistake.startswith(f"--{flag.replace('_', '-')}: a key isn't taken from here")
    assert KEY not in mistake


def test_a_malformed_one_is_a_mistake_that_shows_nothing() -> None:
    [mistake] = World(environ={**USUAL, "ANTHROPIC_API_KEY": "a b c"}).mistakes(profile="simple")
    assert mistake.startswith("environment ANTHROPIC_API_KEY: expected a key")
    assert "a b c" not in mistake


def test_it_is_printed_without_its_secrets_and_loads_again() -> None:
    environ = {**USUAL, "ACCESS_TOKEN": "an-access-token", "ANTHROPIC_API_KEY": "sk-ant-1"}
    printed = print_config(World(environ=environ).load(profile="simple", upstream="embedded"))
    assert not any(secret in printed for secret in environ.values())
    table = tomllib.loads(printed)["profiles"]["simple"]
    assert table["anthropic-upstream"] == "embedded"
    assert table["upstream-timeout"] == 600.0
    again = World({"/etc/c.toml": printed}, environ).load(config="/etc/c.toml")
    assert again.ports[0].profile.simple is not None
    assert again.ports[0].profile.simple.anthropic.embedded
    assert "upstream-timeout" not in print_config(World().load())


def test_its_settings_say_nothing_elsewhere_and_that_is_warned_of() -> None:
    [warning] = World().load(upstream_timeout="5").warnings
    assert warning == (
        "--upstream-timeout: not used by profile gateway, which has no simplified endpoints"
    )
