"""Which ports are opened."""

import pytest

from openaiproxy.config.ports import tcp_port
from tests.config.world import World

PASS = "passthrough"
LOCAL = "interface=127.0.0.1"
FILE = {"/srv/c.toml": "[[listen]]\nprofile = 'passthrough'\nendpoint = 'tcp:30'"}


@pytest.mark.parametrize(
    ("flags", "environ", "opened"),
    [
        ({}, {}, [("gateway", f"tcp:4567:{LOCAL}")]),
        ({"port": "80"}, {}, [("gateway", f"tcp:80:{LOCAL}")]),
        ({"port": "0"}, {}, [("gateway", f"tcp:0:{LOCAL}")]),
        ({"profile": PASS}, {}, [(PASS, f"tcp:5101:{LOCAL}")]),
        ({"profile": PASS, "port": "80"}, {}, [(PASS, f"tcp:80:{LOCAL}")]),
        ({"port": "80"}, {"OPENAIPROXY_PROFILE": PASS}, [(PASS, f"tcp:80:{LOCAL}")]),
        (
            {"listen": ["gateway=tcp:1", "passthrough=unix:/s"]},
            {},
            [("gateway", "tcp:1"), (PASS, "unix:/s")],
        ),
        (
            {"listen": ["gateway=tcp:1"], "port": "80"},
            {},
            [("gateway", f"tcp:80:{LOCAL}"), ("gateway", "tcp:1")],
        ),
        ({"listen": ["gateway=tcp:1"]}, {"OPENAIPROXY_PORT": "80"}, [("gateway", "tcp:1")]),
        (
            {"port": "80"},
            {"OPENAIPROXY_LISTEN": "gateway=tcp:1"},
            [("gateway", f"tcp:80:{LOCAL}")],
        ),
        (
            {},
            {"OPENAIPROXY_LISTEN": "passthrough=tcp:1;gateway=tcp:2"},
            [(PASS, "tcp:1"), ("gateway", "tcp:2")],
        ),
        ({"config": "c.toml"}, {}, [(PASS, "tcp:30")]),
        ({"config": "c.toml", "port": "80", "profile": PASS}, {}, [(PASS, f"tcp:80:{LOCAL}")]),
        ({"config": "c.toml", "listen": ["gateway=tcp:1"]}, {}, [("gateway", "tcp:1")]),
    ],
)
def test_who_speaks_first_decides_which_ports_open(
    flags: dict[str, object], environ: dict[str, str], opened: list[tuple[str, str]]
) -> None:
    config = World(FILE, environ).load(**flags)
    assert [(port.profile.name, port.endpoint) for port in config.ports] == opened


def test_a_port_alone_puts_no_other_profile_in_the_place_of_the_files() -> None:
    [mistake] = World(FILE).mistakes(config="c.toml", port="80")
    assert mistake.startswith("--port: would open gateway in place of passthrough (/srv/c.toml")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"profile": "gatway"}, "--profile: unknown profile 'gatway'; did you mean gateway?"),
        (
            {"profile": "zz", "port": "1"},
            "--profile, --port: unknown profile 'zz'; known are bridge, codex, gateway, keyed, o1",
        ),
        ({"profile": "a b"}, "--profile: expected a profile's name"),
        ({"port": "http"}, "--port: expected a whole number from 0 to 65535, not 'http'"),
        ({"listen": ["tcp:80"]}, "--listen: expected PROFILE=ENDPOINT"),
        ({"listen": ["kyed=tcp:80"]}, "--listen: unknown profile 'kyed'; did you mean keyed?"),
        (
            {"listen": ["gateway=nonsense:1"]},
            "--listen: endpoint 'nonsense:1': no such kind of endpoint",
        ),
    ],
)
def test_a_port_that_cannot_be_opened_names_itself(flags: dict[str, object], said: str) -> None:
    [mistake] = World().mistakes(**flags)
    assert mistake.startswith(said)


def test_a_long_value_is_not_repeated_whole() -> None:
    [mistake] = World().mistakes(port="9" * 1000)
    assert mistake.endswith("999...")
    assert len(mistake) < 150


@pytest.mark.parametrize(
    ("endpoint", "port"),
    [
        ("tcp:80", 80),
        ("tcp:80:interface=127.0.0.1", 80),
        ("tcp:interface=127.0.0.1:port=81", 81),
        (r"tcp6:82:interface=\:\:1", 82),
        ("ssl:443:privateKey=k.pem", 443),
        ("haproxy:tcp:83", 83),
        ("tcp", None),
        ("tcp:http", None),
        ("tcp:123456", None),
        ("unix:/run/x", None),
        (r"unix:/run/x\:tcp:80", None),
        ("systemd:domain=INET:index=0", None),
    ],
)
def test_the_tcp_port_of_an_endpoint_is_seen(endpoint: str, port: int | None) -> None:
    assert tcp_port(endpoint) == port
