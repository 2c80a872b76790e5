"""The configuration file: what may stand where."""

import pytest

from tests.config.world import World


def mistakes(toml: str) -> list[str]:
    return World({"/etc/c.toml": toml}).mistakes(config="/etc/c.toml")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("drian = 3", "drian: unknown key; did you mean drain?"),
        ("[profile.x]", "profile: expected a profile's name, of letters, digits, - and _"),
        (
            "xyzzy = 3",
            "xyzzy: unknown key; known are drain, host, listen, logging, operator, port, profile, "
            "profiles, wire",
        ),
        ("upstream = 'http://h'", "upstream: belongs in a [profiles.NAME]"),
        ("log-file = 'x'", "log-file: belongs in [logging], as file"),
        ("config = 'x'", "config: unknown key; known are"),
        ("logging = 3", "logging: expected a table"),
        ("[logging]\ndrain = 3", "logging.drain: belongs at the top of the file"),
        ("[logging]\nfromat = 'json'", "logging.fromat: unknown key; did you mean format?"),
        ("[logging]\nformat = 'xml'", "logging.format: expected text or json, not 'xml'"),
        ("[logging]\nkeep = '3x'", "logging.keep: expected a whole number of 1 or more, not '3x'"),
        ("profiles = 3", "profiles: expected a table"),
        ("[profiles]\nx = 3", "profiles.x: expected a table"),
        ("[profiles.'a b']", "profiles.a b: expected a name of letters, digits, - and _"),
        (
            "[profiles.keyde]",
            "profiles.keyde.preset: expected a preset's name; did you mean keyed?",
        ),
        ("[profiles.x]\npreset = 3", "profiles.x.preset: expected a preset's name; known are"),
        (
            "[profiles.gateway]\nmax_body = 3",
            "profiles.gateway.max_body: unknown key; did you mean max-body?",
        ),
        (
            "[profiles.gateway]\nprest = 3",
            "profiles.gateway.prest: unknown key; did you mean preset?",
        ),
        (
            "[profiles.gateway]\nmax-body = true",
            "profiles.gateway.max-body: expected a size in bytes",
        ),
        (
            "[profiles.gateway]\nupstream = 3",
            "profiles.gateway.upstream: expected embedded or a URL",
        ),
        ("listen = 3", "listen: expected tables, each under [[listen]]"),
        ("listen = [3]", "listen.1: expected a table"),
        ("[[listen]]\nprofile = 'gateway'", "listen.1.endpoint: expected text"),
        ("[[listen]]\nprofile = 3\nendpoint = 'tcp:1'", "listen.1.profile: expected text"),
        (
            "[[listen]]\nprofile = 'gateway'\nendpoint = 'tcp:1'\nprot = 3",
            "listen.1.prot: unknown key; known are endpoint, profile",
        ),
        (
            "[[listen]]\nprofile = 'gatewy'\nendpoint = 'tcp:1'",
            "listen.1: unknown profile 'gatewy'; did you mean gateway?",
        ),
        ("port = 'x'", "port: expected a whole number from 0 to 65535, not 'x'"),
    ],
)
def test_what_is_out_of_place_names_itself(toml: str, said: str) -> None:
    first, *_ = mistakes(toml)
    assert first.startswith(f"/etc/c.toml: {said}")


@pytest.mark.parametrize(
    ("toml", "place"),
    [
        ("api-key = 'sk-literal'", "api-key"),
        ("[profiles.gateway]\napi-key = 'sk-literal'", "profiles.gateway.api-key"),
        ("[profile.gateway]\nkey = 'LITERAL'", "profile"),
        ("[profiles.gateway]\nmax-requests = 'sk-literal'", "profiles.gateway.max-requests"),
        ("[profiles.keyed.client-keys]\nalice = 'sk-literal'", "profiles.keyed.client-keys"),
    ],
)
def test_a_key_in_the_file_is_refused_and_not_repeated(toml: str, place: str) -> None:
    [said] = mistakes(toml)
    assert said.startswith(f"/etc/c.toml: {place}: ")
    assert ("a key isn't taken from here" in said) is ("-key" in place)
    assert "literal" not in said.lower()


def test_all_mistakes_are_told_together() -> None:
    toml = "drian = 1\n[logging]\nkeep = 0\n[profiles.gateway]\nmax-body = 'x'\n[[listen]]\n"
    assert len(mistakes(toml)) == 5


def test_a_file_that_is_no_toml_says_where() -> None:
    [said] = mistakes("drain = = 3")
    assert said.startswith("/etc/c.toml: isn't TOML: ")
    assert "line 1, column 9" in said


def test_a_file_that_cannot_be_read_is_told_with_the_mistakes_before_it() -> None:
    assert World({"/etc/c.toml": b"\xff"}).mistakes(config="/etc/c.toml", prot="1") == [
        "--prot: unknown flag; did you mean port?",
        "/etc/c.toml: isn't UTF-8 text",
    ]
    assert World().mistakes(config="c.toml") == [
        "/srv/c.toml: cannot be read (No such file or directory)"
    ]


def test_a_profile_takes_its_presets_values_and_its_own() -> None:
    toml = """
    [profiles.team]
    preset = "passthrough"
    max-body = "64MB"
    keepalive = 2.5
    allow-host = ["a.example.com"]
    [profiles.team2]
    preset = "passthrough"
    [[listen]]
    profile = "team"
    endpoint = "tcp:81"
    [[listen]]
    profile = "team2"
    endpoint = "unix:/run/x"
    """
    config = World({"/srv/c.toml": toml}).load(config="c.toml")
    first, second = config.ports
    assert (first.endpoint, second.endpoint) == ("tcp:81", "unix:/run/x")
    assert first.profile.name == "team"
    assert first.profile.limits.body == 64_000_000
    assert first.profile.timeouts.keepalive == 2.5
    assert first.profile.hosts == {"a.example.com"}
    assert first.profile.auth.places == ("x-api-key",)
    assert second.profile.limits.body == 1 << 30
    assert config.presets == {"team": "passthrough", "team2": "passthrough"}


def test_a_table_named_like_a_preset_starts_from_it() -> None:
    world = World({"/srv/c.toml": "[profiles.passthrough]\nmax-requests = 3"})
    profile = world.profile(config="c.toml", profile="passthrough")
    assert profile.limits.requests == 3
    assert profile.routes[0].path == "/"


def test_settings_of_the_process_stand_at_the_top_and_in_logging() -> None:
    toml = """
    drain = 7
    port = 99
    profile = "passthrough"
    [logging]
    format = "json"
    rotate-size = "1MB"
    rotate-daily = false
    keep = 3
    """
    config = World({"/srv/c.toml": toml}).load(config="c.toml")
    assert config.drain == 7
    assert config.ports[0].endpoint == "tcp:99:interface=127.0.0.1"
    assert config.ports[0].profile.name == "passthrough"
    logging = config.logging
    assert (logging.format, logging.rotate_bytes) == ("json", 1_000_000)
    assert (logging.rotate_daily, logging.keep, logging.file) == (False, 3, None)


def test_a_profile_that_no_port_opens_is_warned_of() -> None:
    world = World({"/srv/c.toml": "[profiles.team]\npreset = 'passthrough'"})
    assert world.load(config="c.toml").warnings == ("[profiles.team]: no port opens it",)
