"""Who is heard first, and where words are looked for."""

import pytest

from openaiproxy.config.printing import print_config
from openaiproxy.profile import Profile
from tests.config.world import KEY, World

TOML = """
[profiles.gateway]
max-requests = 5
[[listen]]
profile = "gateway"
endpoint = "tcp:1"
"""


@pytest.mark.parametrize(
    ("places", "heard"),
    [
        ("flag real local dotenv file", 1),
        ("real local dotenv file", 2),
        ("local dotenv file", 3),
        ("dotenv file", 4),
        ("file", 5),
        ("", 4096),
    ],
)
def test_flags_beat_environment_beats_file_beats_preset(places: str, heard: int) -> None:
    said = places.split()
    environ = {"OPENAIPROXY_MAX_REQUESTS": "2"} if "real" in said else {}
    files: dict[str, str | bytes | Exception] = {"/srv/c.toml": TOML}
    if "local" in said:
        files["/srv/.env.local"] = "OPENAIPROXY_MAX_REQUESTS=3"
    if "dotenv" in said:
        files["/srv/.env"] = "OPENAIPROXY_MAX_REQUESTS=4\n"
    world = World(files, environ)
    profile = world.profile(
        max_requests="1" if "flag" in said else None,
        config="c.toml" if "file" in said else None,
    )
    assert profile.limits.requests == heard


def test_a_setting_own_variable_beats_the_customary_ones_of_the_same_place() -> None:
    world = World(environ={"OPENAI_BASE_URL": "http://a", "OPENAIPROXY_UPSTREAM": "http://b"})
    assert world.profile().upstream.base == "http://b"


def test_a_real_customary_variable_beats_our_own_in_dotenv() -> None:
    world = World({"/srv/.env": "OPENAIPROXY_UPSTREAM=http://b"}, {"OPENAI_BASE_URL": "http://a"})
    assert world.profile().upstream.base == "http://a"


def test_an_empty_variable_is_unset_and_hides_the_same_one_in_dotenv() -> None:
    world = World({"/srv/.env": "OPENAI_BASE_URL=http://b"}, {"OPENAI_BASE_URL": ""})
    assert world.profile().upstream.base == "https://api.openai.com"


def test_dotenv_is_taken_literally() -> None:
    world = World({"/srv/.env": "X=1\nEMPTY\nOPENAI_API_KEY='${X}-0123456789'  # mine"})
    assert world.profile().credential.key == "${X}-0123456789"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PermissionError(13, "Permission denied"), "cannot be read (Permission denied)"),
        (OSError(), "cannot be read (OSError)"),
        (b"\xff", "isn't UTF-8 text"),
    ],
)
def test_a_dotenv_that_cannot_be_read_is_a_mistake(content: bytes | Exception, said: str) -> None:
    assert World({"/srv/.env": content}).mistakes() == [f"/srv/.env: {said}"]


def test_flags_that_were_not_given_say_nothing() -> None:
    assert World().profile(upstream=None, listen=[], print_config=1).name == "gateway"


def test_unknown_flags_and_variables_are_mistakes_all_told_together() -> None:
    world = World({"/srv/.env": "OPENAIPROXY_KEEP_ALIVE=3"}, {"OPENAIPROXY_XYZZY": "1"})
    first, second, third = world.mistakes(upsteam="http://h")
    assert first == "--upsteam: unknown flag; did you mean upstream?"
    assert second == (
        "/srv/.env: OPENAIPROXY_KEEP_ALIVE: unknown variable; did you mean OPENAIPROXY_KEEPALIVE?"
    )
    assert third.startswith("environment OPENAIPROXY_XYZZY: unknown variable; known are OPENAI")


def test_variables_that_kubernetes_makes_of_a_service_with_our_name_are_none_of_ours() -> None:
    made = {
        "OPENAIPROXY_SERVICE_HOST": "10.0.0.7",
        "OPENAIPROXY_SERVICE_PORT": "4567",
        "OPENAIPROXY_SERVICE_PORT_HTTP": "4567",
        "OPENAIPROXY_PORT": "tcp://10.0.0.7:4567",
        "OPENAIPROXY_PORT_4567_TCP": "tcp://10.0.0.7:4567",
        "OPENAIPROXY_PORT_4567_TCP_ADDR": "10.0.0.7",
    }
    assert World(environ=made).load().ports[0].endpoint == "tcp:4567:interface=127.0.0.1"
    assert World(environ={"OPENAIPROXY_PORT": "80"}).load().ports[0].endpoint.startswith("tcp:80:")


@pytest.mark.parametrize(
    ("flag", "base"),
    [("x.log", "/srv/x.log"), ("/abs/x.log", "/abs/x.log"), ("~/x.log", "/home/me/x.log")],
)
def test_paths_are_absolute_before_the_working_directory_changes(flag: str, base: str) -> None:
    assert World(environ={"HOME": "/home/me"}).load(log_file=flag).logging.file == base


def test_paths_in_the_file_start_from_the_file() -> None:
    world = World(
        {"/etc/x/c.toml": '[logging]\nfile = "p.log"'}, {"OPENAIPROXY_CONFIG": "/etc/x/c.toml"}
    )
    assert world.load().logging.file == "/etc/x/p.log"


def test_a_home_that_nobody_knows_stays_as_written() -> None:
    assert World().load(log_file="~/x").logging.file == "/srv/~/x"


def test_origins_name_the_places() -> None:
    world = World(
        {"/srv/c.toml": TOML, "/srv/.env": "OPENAI_BASE_URL=http://h"},
        {"OPENAIPROXY_DRAIN": "3", "OPENAI_API_KEY": KEY},
    )
    origins = world.load(config="c.toml", keepalive="none").origins
    assert origins["profiles.gateway.max-requests"] == "/srv/c.toml: profiles.gateway.max-requests"
    assert origins["profiles.gateway.upstream"] == "/srv/.env: OPENAI_BASE_URL"
    assert origins["profiles.gateway.api-key-file"] == "environment OPENAI_API_KEY"
    assert origins["profiles.gateway.keepalive"] == "--keepalive"
    assert origins["profiles.gateway.max-body"] == "preset gateway"
    assert origins["drain"] == "environment OPENAIPROXY_DRAIN"
    assert origins["logging.file"] == "default"
    assert origins["listen.1"] == "/srv/c.toml: listen.1"


EACH = [
    ("upstream", "http://h/v1", lambda p: p.upstream.base, "http://h"),
    ("client-key-headers", "api-key", lambda p: p.auth.places, ("api-key",)),
    ("allow-host", "a, b", lambda p: p.hosts, {"a", "b"}),
    ("allow-origin", "https://a", lambda p: p.origins, {"https://a"}),
    ("proxy", "http://p:1", lambda p: p.upstream.proxy, "http://p:1"),
    ("no-proxy", "a b", lambda p: p.upstream.no_proxy, ("a", "b")),
    ("connect-timeout", "1", lambda p: p.timeouts.connect, 1.0),
    ("first-byte-timeout", "2", lambda p: p.timeouts.first_byte, 2.0),
    ("idle-timeout", "3", lambda p: p.timeouts.idle, 3.0),
    ("total-timeout", "4", lambda p: p.timeouts.total, 4.0),
    ("client-body-timeout", "5", lambda p: p.timeouts.client_body, 5.0),
    ("client-write-timeout", "6", lambda p: p.timeouts.client_write, 6.0),
    ("keepalive", "7", lambda p: p.timeouts.keepalive, 7.0),
    ("max-body", "none", lambda p: p.limits.body, None),
    ("max-requests", "8", lambda p: p.limits.requests, 8),
    ("rate", "5/s", lambda p: p.limits.rate, 300.0),
    ("burst", "10", lambda p: p.limits.burst, 10),
    ("payload-log", "/p", lambda p: p.log.payload_file, "/p"),
    ("payload-chars", "9", lambda p: p.log.payload_chars, 9),
    ("console-lines", "yes", lambda p: p.log.console, True),
    ("payload-ring", "4KiB", lambda p: p.log.payload_ring, 4096),
    ("organization", "org", lambda p: p.credential.organization, "org"),
    ("project", "proj", lambda p: p.credential.project, "proj"),
]


@pytest.mark.parametrize(("name", "raw", "look", "value"), EACH, ids=[row[0] for row in EACH])
@pytest.mark.parametrize("place", ["flag", "variable", "file"])
def test_each_setting_of_a_profile_reaches_its_field_from_each_place(
    name: str, raw: str, look: object, value: object, place: str
) -> None:
    environ = {"OPENAI_API_KEY": KEY}
    flags: dict[str, object] = {}
    toml = ""
    match place:
        case "flag":
            flags[name] = raw
        case "variable":
            environ["OPENAIPROXY_" + name.upper().replace("-", "_")] = raw
        case _:
            toml = f'[profiles.gateway]\n{name} = "{raw}"'
    profile = World({"/srv/c.toml": toml}, environ).profile(config="c.toml", **flags)
    assert isinstance(profile, Profile)
    assert callable(look)
    assert look(profile) == value


def test_customary_variables_of_a_server_side_key_are_heard() -> None:
    world = World(
        environ={"OPENAI_API_KEY": KEY, "OPENAI_ORGANIZATION": "o", "OPENAI_PROJECT_KEY": "p"}
    )
    credential = world.profile().credential
    assert (credential.key, credential.organization, credential.project) == (KEY, "o", "p")


def test_a_printed_origin_is_one_line() -> None:
    world = World({"/srv/a\nb": KEY}, {"OPENAIPROXY_CONFIG": " "})
    assert world.mistakes() == ["environment OPENAIPROXY_CONFIG: expected a file's path"]
    assert "\n\n\n" not in print_config(World().load())
