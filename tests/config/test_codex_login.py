"""The preset ``codex``: the customary variables of codex-api-proxy, its flags, and what a login needs."""

import pytest

from openaiproxy.codex.account import CLIENT_ID, Account
from openaiproxy.config.printing import print_config
from openaiproxy.profile import Config, Profile
from tests.config.world import World

HOME = {"HOME": "/home/me"}
AUTH = "/home/me/.codex/auth.json"
API, BACKEND, REFRESH = Account("").urls
PROXY = "http://proxy:3128"


def codex(environ: dict[str, str] | None = None, **flags: object) -> Profile:
    return World(environ={**HOME, **(environ or {})}).profile(profile="codex", **flags)


def login(environ: dict[str, str] | None = None, **flags: object) -> Account:
    found = codex(environ, **flags).credential.login
    assert found is not None
    return found


def config(environ: dict[str, str] | None = None, **flags: object) -> Config:
    return World(environ={**HOME, **(environ or {})}).load(profile="codex", **flags)


def test_unsaid_it_spends_the_users_own_login_as_itself() -> None:
    profile = codex()
    assert profile.credential.login == Account(AUTH)
    assert profile.credential.is_ours
    assert config().ports[0].endpoint == "tcp:8765:interface=127.0.0.1"
    assert profile.auth.places == ("authorization", "x-api-key")


@pytest.mark.parametrize(
    ("said", "file"),
    [
        ("/var/codex", "/var/codex/auth.json"),
        ("~/other", "/home/me/other/auth.json"),
        ("here", "/srv/here/auth.json"),
        ("/var/mine.json", "/var/mine.json"),
    ],
)
def test_codex_home_and_the_flag_name_a_folder_or_the_file(said: str, file: str) -> None:
    assert login({"CODEX_HOME": said}).auth_file == file
    assert login({"CODEX_HOME": "/elsewhere"}, auth_file=said).auth_file == file


def test_a_login_that_nobody_can_find_is_a_mistake() -> None:
    [said] = World().mistakes(profile="codex")
    assert said.endswith("no login is known: expected HOME, CODEX_HOME or auth-file")


def test_its_variables_reach_the_account_defect_5_10_5() -> None:
    found = login(
        {
            "CODEX_REFRESH_TOKEN_URL_OVERRIDE": "http://127.0.0.1:9/oauth/token?a=b",
            "CODEX_APP_SERVER_LOGIN_CLIENT_ID": "app_other",
            "CODEX_INTERNAL_ORIGINATOR_OVERRIDE": "my_tool",
            "CODEX_API_PROXY_USER_AGENT": "my tool/1",
            "CODEX_API_PROXY_RESIDENCY": "us",
        }
    )
    assert found.refresh_url == "http://127.0.0.1:9/oauth/token?a=b"
    assert (found.client_id, found.originator) == ("app_other", "my_tool")
    assert (found.user_agent, found.residency) == ("my tool/1", "us")


def test_residency_is_said_only_where_it_is_set_defect_5_10_15() -> None:
    assert login().residency is None
    assert login({"CODEX_API_PROXY_RESIDENCY": ""}).residency is None
    assert login(residency="none").residency is None
    assert login().client_id == CLIENT_ID


@pytest.mark.parametrize("prefix", ["CODEX_PROXY_", "OPENAIPROXY_"])
def test_defect_5_10_5_the_variables_count(prefix: str) -> None:
    environ = {f"{prefix}HOST": "127.0.0.2", f"{prefix}PORT": "9999"}
    assert config(environ).ports[0].endpoint == "tcp:9999:interface=127.0.0.2"
    assert config({f"{prefix}HOST": "::1"}).ports[0].endpoint == r"tcp:8765:interface=\:\:1"
    assert config({f"{prefix}LOG_LEVEL": "warning"}).logging.level == "warn"
    assert config({f"{prefix}LOG_FORMAT": "json"}).logging.format == "json"


def test_defect_5_10_5_the_other_variables_count_too() -> None:
    profile = codex(
        {
            "CODEX_PROXY_API_KEY": "a-local-key",
            "CODEX_PROXY_REASONING_EFFORT": "high",
            "CODEX_PROXY_VERBOSITY": "medium",
            "CODEX_PROXY_SERVICE_TIER": "flex",
            "CODEX_PROXY_MODELS_CACHE_TTL": "0",
            "CODEX_API_PROXY_HTTPS_PROXY": "http://mine:1",
            "HTTPS_PROXY": PROXY,
        }
    )
    amendments, models = profile.bridging.amendments, profile.bridging.models
    assert [key.secret for key in profile.auth.keys] == ["a-local-key"]
    assert (amendments.effort, amendments.verbosity, amendments.tier) == ("high", "medium", "flex")
    assert models is not None
    assert models.ttl == 0
    assert profile.upstream.proxy == "http://mine:1"


def test_they_are_nobody_elses() -> None:
    said = {"CODEX_PROXY_PORT": "9999", "CODEX_PROXY_FAST": "1", "CODEX_PROXY_LOG_LEVEL": "error"}
    found = World(environ={**HOME, **said, "CODEX_HOME": "/x"}).load(profile="gateway")
    assert found.ports[0].endpoint == "tcp:4567:interface=127.0.0.1"
    assert found.ports[0].profile.bridging.amendments.tier is None
    assert found.ports[0].profile.credential.login is None
    assert found.logging.level == "info"


@pytest.mark.parametrize(
    ("environ", "flags"),
    [({"CODEX_PROXY_FAST": "on"}, {}), ({}, {"fast": 1}), ({"OPENAIPROXY_FAST": "yes"}, {})],
)
def test_haste_is_little_thought_few_words_and_priority(
    environ: dict[str, str], flags: dict[str, object]
) -> None:
    amendments = codex(environ, **flags).bridging.amendments
    assert (amendments.effort, amendments.verbosity, amendments.tier) == (
        "minimal",
        "low",
        "priority",
    )
    mine = codex(environ, **flags, reasoning_effort="high", service_tier="caller").bridging
    said = mine.amendments
    assert (said.effort, said.verbosity, said.tier) == ("high", "low", None)


def test_haste_can_be_taken_back_and_is_shown_with_its_place() -> None:
    assert codex({"CODEX_PROXY_FAST": "1"}, no_fast=1).bridging.amendments.tier is None
    assert codex(fast=0, no_fast=0).bridging.amendments.tier is None
    printed = print_config(config(fast=1))
    assert 'default-tier = "priority"  # --fast' in printed
    assert "fast =" not in printed


def test_one_flag_under_two_names_is_said_once() -> None:
    [said] = World(environ=HOME).mistakes(
        profile="codex", verbosity="low", default_verbosity="high"
    )
    assert "says the same as" in said
    assert codex(models_cache_ttl="7").bridging.models.ttl == 7  # type: ignore[union-attr]


def test_the_proxy_is_decided_for_each_host_apart() -> None:
    found = codex({"HTTPS_PROXY": PROXY, "NO_PROXY": "auth.openai.com"})
    assert found.upstream.proxy == PROXY
    assert found.credential.login is not None
    assert found.credential.login.direct == {REFRESH}
    found = codex({"HTTPS_PROXY": PROXY, "NO_PROXY": "chatgpt.com,api.openai.com"})
    assert found.credential.login is not None
    assert found.credential.login.direct == {API, BACKEND}
    mine = login({"HTTPS_PROXY": PROXY}, refresh_url="http://localhost:1/token")
    assert mine.direct == {"http://localhost:1/token"}
    assert login({}, proxy=PROXY, refresh_url="http://localhost:1/token").direct == frozenset()
    assert login().direct == frozenset()


def test_row_106_the_bundle_is_looked_for_in_the_order_of_chapter_5() -> None:
    pem = "-----BEGIN CERTIFICATE-----"
    order = ["CODEX_API_PROXY_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"]
    files = {f"/{name}.pem": pem for name in order}
    for first in range(len(order)):
        environ = {name: f"/{name}.pem" for name in order[first:]}
        found = World(files, {**HOME, **environ}).profile(profile="codex")
        assert found.upstream.ca_bundle == f"/{order[first]}.pem"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "a-name"])
def test_defect_5_10_7_every_address_beyond_loopback_needs_a_key(host: str) -> None:
    escaped = host.replace(":", r"\:")
    endpoint = f"tcp:8765:interface={escaped}"
    world = World(environ=HOME, hosts={endpoint: [host]}, names={"a-name": ["10.0.0.1"]})
    [said] = world.mistakes(profile="codex", host=host)
    assert "has a login and no client keys" in said
    keyed = World(environ={**HOME, "CODEX_PROXY_API_KEY": "a-local-key"}, hosts=world.hosts)
    assert keyed.load(profile="codex", host=host).ports[0].endpoint == endpoint


def test_defect_5_10_6_the_local_key_is_refused_where_others_read_it() -> None:
    mistakes = World(environ=HOME).mistakes(profile="codex", client_key="a-local-key")
    assert any("a key isn't taken from here" in said for said in mistakes)
    assert not any("a-local-key" in said for said in mistakes)
    printed = print_config(config({"CODEX_PROXY_API_KEY": "a-local-key"}))
    assert "a-local-key" not in printed


def test_the_upstream_of_an_api_key_can_be_another() -> None:
    assert login(upstream="https://eu.api.openai.com/v1").api_base == "https://eu.api.openai.com"
    assert login(backend="https://x.example/codex/").backend_base == "https://x.example/codex"
    bare = codex(upstream="embedded").credential
    assert bare.login is None


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("backend", "embedded"),
        ("refresh_url", "ftp://x"),
        ("refresh_url", "https://u:p@x/y"),
        ("originator", "two words"),
        ("user_agent", "ü"),
        ("auth_file", ""),
    ],
)
def test_what_makes_no_sense_is_a_mistake_that_repeats_nothing(flag: str, value: str) -> None:
    mistakes = World(environ=HOME).mistakes(profile="codex", **{flag: value})
    assert mistakes[0].startswith(f"--{flag.replace('_', '-')}: expected")
    assert "u:p" not in mistakes[0]


def test_the_backend_is_none_of_our_own_ports() -> None:
    mistakes = World(environ=HOME).mistakes(profile="codex", backend="http://127.0.0.1:8765/x")
    assert mistakes == ["--backend: the backend of profile codex is a port of this process itself"]
