"""What is for the operator alone: the token, and a port of its own."""

import tomllib

import pytest

from openaiproxy.config.printing import print_config
from openaiproxy.profile import Operator
from tests.config.world import World

TOKEN = "operators-token"
PUBLIC = "tcp:9464:interface=0.0.0.0"
HOSTS = {PUBLIC: ["0.0.0.0"]}


def test_nobody_is_let_in_when_nothing_is_said() -> None:
    assert World().load().operator == Operator()


@pytest.mark.parametrize("variable", ["OPENAIPROXY_ADMIN_TOKEN", "ACCESS_TOKEN"])
def test_the_token_comes_from_the_environment(variable: str) -> None:
    assert World(environ={variable: f" {TOKEN}\n"}).load().operator.token == TOKEN


def test_our_own_variable_goes_before_the_customary_one() -> None:
    environ = {"ACCESS_TOKEN": "another-token", "OPENAIPROXY_ADMIN_TOKEN": TOKEN}
    assert World(environ=environ).load().operator.token == TOKEN


def test_the_token_comes_from_a_file() -> None:
    world = World(
        {"/srv/token": f"{TOKEN}\n", "/srv/c.toml": "[operator]\nadmin-token-file = 'token'"}
    )
    for config in (world.load(admin_token_file="token"), world.load(config="c.toml")):
        assert config.operator == Operator(token=TOKEN, token_file="/srv/token")
        assert config.ports[0].profile.credential.key is None


def test_the_token_comes_from_systemd() -> None:
    world = World(
        {"/run/c/openaiproxy-admin-token": TOKEN}, {"CREDENTIALS_DIRECTORY": "/run/c"}, mode=0o440
    )
    config = world.load()
    assert config.operator.token == TOKEN
    assert config.warnings == ()


def test_a_token_on_the_command_line_or_in_the_file_is_refused_and_not_shown() -> None:
    [mistake] = World().mistakes(admin_token=TOKEN)
    assert mistake.startswith("--admin-token: a key isn't taken from here")
    [written] = World({"/srv/c.toml": f"admin-token = '{TOKEN}'"}).mistakes(config="c.toml")
    assert "a key isn't taken from here" in written
    assert TOKEN not in mistake + written


@pytest.mark.parametrize("token", ["short", "with a space", "sieben7"])
def test_a_token_that_could_be_guessed_is_a_mistake_and_not_shown(token: str) -> None:
    for world in (
        World(environ={"OPENAIPROXY_ADMIN_TOKEN": token}),
        World({"/srv/token": token}, {"OPENAIPROXY_ADMIN_TOKEN_FILE": "/srv/token"}),
    ):
        [mistake] = world.mistakes()
        assert "expected a key of" in mistake
        assert token not in mistake


def test_a_short_access_token_may_be_meant_for_others() -> None:
    config = World(environ={"ACCESS_TOKEN": "short"}).load()
    assert config.operator.token is None
    assert config.warnings == (
        "environment ACCESS_TOKEN: not taken for the admin token: expected a key of at least 8 characters",
    )


def test_a_token_file_that_others_can_read_is_warned_of() -> None:
    config = World({"/srv/token": TOKEN}, mode=0o644).load(admin_token_file="token")
    assert any("can be read by others" in warning for warning in config.warnings)


def test_a_number_is_a_port_on_loopback() -> None:
    listen = "tcp:9464:interface=127.0.0.1"
    assert World().load(operator_port="9464").operator.listen == listen
    written = World({"/srv/c.toml": "[operator]\nport = 9464"})
    assert written.load(config="c.toml").operator.listen == listen
    assert World(environ={"OPENAIPROXY_OPERATOR_PORT": "9464"}).load().operator.listen == listen


def test_an_endpoint_is_taken_as_it_is_and_none_takes_it_back() -> None:
    assert World().load(operator_listen="unix:/run/o").operator.listen == "unix:/run/o"
    written = World({"/srv/c.toml": "[operator]\nlisten = 'unix:/run/o'"})
    assert written.load(config="c.toml").operator.listen == "unix:/run/o"
    assert written.load(config="c.toml", operator_listen="none").operator.listen is None
    assert written.load(config="c.toml", operator_port="1").operator.listen == (
        "tcp:1:interface=127.0.0.1"
    )


def test_both_in_one_breath_are_a_mistake() -> None:
    [mistake] = World().mistakes(operator_listen="unix:/run/o", operator_port="1")
    assert mistake == (
        "--operator-listen: says the same as --operator-port in another way: expected one of them"
    )


def test_beyond_loopback_it_needs_the_token() -> None:
    [mistake] = World(hosts=HOSTS).mistakes(operator_listen=PUBLIC)
    assert mistake.startswith("--operator-listen: the operator's port needs an admin token unless")
    config = World(hosts=HOSTS, environ={"OPENAIPROXY_ADMIN_TOKEN": TOKEN}).load(
        operator_listen=PUBLIC
    )
    assert config.operator == Operator(PUBLIC, TOKEN)


def test_an_endpoint_that_nobody_can_tell_the_place_of_counts_as_public() -> None:
    world = World(hosts={"systemd:domain=INET:index=0": []})
    [mistake] = world.mistakes(operator_listen="systemd:domain=INET:index=0")
    assert "isn't known to" in mistake


def test_it_does_not_take_the_place_of_a_port() -> None:
    [mistake] = World().mistakes(operator_port="4567")
    assert mistake == (
        "--operator-port: tcp:4567:interface=127.0.0.1 is opened by default port already"
    )


@pytest.mark.parametrize("listen", ["nonsense:1", "9464", ""])
def test_what_is_no_endpoint_is_a_mistake(listen: str) -> None:
    [mistake] = World().mistakes(operator_listen=listen)
    assert mistake.startswith("--operator-listen: ")


def test_what_is_printed_loads_again_and_holds_no_token() -> None:
    world = World({"/srv/token": TOKEN})
    config = world.load(operator_port="9464", admin_token_file="token", health_model="gpt-4.1-nano")
    printed = print_config(config)
    assert TOKEN not in printed
    assert TOKEN not in repr(config)
    again = World({"/srv/token": TOKEN, "/etc/c.toml": printed}).load(config="/etc/c.toml")
    assert again.operator == config.operator
    assert again.ports[0].profile.health_model == "gpt-4.1-nano"


def test_a_token_of_the_environment_is_printed_as_a_comment() -> None:
    printed = print_config(World(environ={"OPENAIPROXY_ADMIN_TOKEN": TOKEN}).load())
    assert "# admin token: token = " in printed
    assert TOKEN not in printed
    assert tomllib.loads(printed)["operator"] == {"listen": "none"}


def test_a_key_that_strayed_is_shown_its_place() -> None:
    [mistake] = World({"/srv/c.toml": "operator-port = 1"}).mistakes(config="c.toml")
    assert mistake.endswith("operator-port: belongs in [operator], as port")
