"""What keeps a port shut."""

import pytest

from tests.config.world import KEY, World

SERVER = {"OPENAI_API_KEY": KEY}
CLIENTS = {"OPENAIPROXY_CLIENT_KEYS": "alice=alices-key"}
PUBLIC = "has a server-side key and no client keys, so it must listen on loopback"


def test_keyed_does_not_start_without_keys_and_says_how_to_give_them() -> None:
    assert World().mistakes(profile="keyed") == [
        "--profile: profile keyed needs client keys: expected OPENAIPROXY_CLIENT_KEYS,"
        " OPENAIPROXY_CLIENT_KEY, PROXY_X_API_KEY or client-keys-file",
        "--profile: profile keyed needs a server-side key: expected OPENAIPROXY_API_KEY,"
        " OPENAI_API_KEY or api-key-file",
    ]


def test_o1_does_not_start_without_a_server_side_key_and_takes_any_caller_on_loopback() -> None:
    assert World().mistakes(profile="o1") == [
        "--profile: profile o1 needs a server-side key: expected OPENAIPROXY_API_KEY,"
        " OPENAI_API_KEY or api-key-file"
    ]
    assert World(environ=SERVER).profile(profile="o1").auth.keys == ()
    [mistake] = World(environ=SERVER, hosts={"tcp:4567": [""]}).mistakes(listen=["o1=tcp:4567"])
    assert PUBLIC in mistake


def test_a_web_search_needs_a_dialect_that_has_one() -> None:
    [mistake] = World().mistakes(profile="bridge", speaks="chat")
    assert mistake.startswith("--speaks: profile bridge adds a web search, which Chat has no tool")
    assert World().load(profile="bridge", speaks="chat,messages").ports
    assert World().load(profile="bridge", speaks="chat", web_search="no").ports
    assert World().load(profile="bridge", speaks="chat", mode="relay").ports
    assert World().load(speaks="chat").ports


def test_the_embedded_upstream_speaks_no_messages() -> None:
    [mistake] = World().mistakes(upstream="embedded", speaks=["responses", "messages"])
    assert (
        mistake
        == "--speaks: the embedded upstream of profile gateway speaks responses and chat alone"
    )
    assert World().load(upstream="embedded", speaks="chat").ports


def test_a_key_that_was_said_wrongly_is_not_said_to_be_missing_too() -> None:
    world = World(environ={"OPENAI_API_KEY": "a b", "PROXY_X_API_KEY": "short"})
    assert [one.partition(":")[0] for one in world.mistakes(profile="keyed")] == [
        "environment OPENAI_API_KEY",
        "environment PROXY_X_API_KEY",
    ]


def test_the_embedded_upstream_needs_no_server_side_key_but_client_keys_still() -> None:
    [mistake] = World().mistakes(profile="keyed", upstream="embedded")
    assert "needs client keys" in mistake
    profile = World(environ=CLIENTS).profile(profile="keyed", upstream="embedded")
    assert profile.credential.key is None


@pytest.mark.parametrize(
    ("endpoint", "bound", "shut"),
    [
        ("tcp:1:interface=127.0.0.1", ["127.0.0.1"], False),
        ("tcp:1:interface=127.8.8.8", ["127.8.8.8"], False),
        (r"tcp6:1:interface=\:\:1", ["::1"], False),
        ("unix:/run/x", ["unix"], False),
        ("unix:/run/x:mode=666", ["unix"], False),  # as near as loopback, not nearer
        ("tcp:1:interface=here", ["here"], False),
        ("tcp:1", [""], True),
        ("tcp:1:interface=0.0.0.0", ["0.0.0.0"], True),
        (r"tcp6:1:interface=\:\:", ["::"], True),
        (r"tcp:1:interface=\:\:ffff\:0.0.0.0", ["::ffff:0.0.0.0"], True),
        ("tcp:1:interface=10.0.0.5", ["10.0.0.5"], True),
        ("tcp:1:interface=localhost", ["localhost"], True),
        ("tcp:1:interface=both", ["both"], True),
        ("tcp:1:interface=odd", ["odd"], True),
        ("tcp:1:interface=nowhere", ["nowhere"], True),
        ("tcp:1:interface=unresolved", ["unresolved"], True),
        ("systemd:domain=INET:index=0", [], True),
        ("two:1", ["127.0.0.1", "10.0.0.5"], True),
    ],
)
def test_a_server_side_key_without_client_keys_stays_on_loopback(
    endpoint: str, bound: list[str], shut: bool
) -> None:
    names = {
        "here": ["127.0.0.1", "::1"],
        "localhost": ["192.168.1.5"],
        "both": ["127.0.0.1", "192.168.1.5"],
        "odd": ["what"],
        "nowhere": [],
    }
    hosts = {endpoint: bound}
    listen = [f"gateway={endpoint}"]
    world = World(environ=SERVER, names=names, hosts=hosts)
    if shut:
        [mistake] = world.mistakes(listen=listen)
        assert mistake.startswith(f"--listen: profile gateway {PUBLIC}, and {endpoint} isn't")
    else:
        assert world.load(listen=listen).ports
    assert World(environ=SERVER | CLIENTS, names=names, hosts=hosts).load(listen=listen).ports
    assert World(names=names, hosts=hosts).load(listen=listen).ports


def test_resolvers_are_not_asked_where_no_rule_hangs_on_it() -> None:
    listen = ["gateway=tcp:1:interface=unresolved"]
    world = World(hosts={"tcp:1:interface=unresolved": ["unresolved"]})
    assert world.load(listen=listen, upstream="http://unresolved:2").ports


def test_client_keys_in_authorization_do_not_go_upstream() -> None:
    [mistake] = World(environ=CLIENTS).mistakes()
    assert mistake.startswith("default port: profile gateway passes the caller's own Authorization")
    assert World(environ=CLIENTS).load(client_key_headers="x-api-key").ports
    assert World(environ=CLIENTS).load(profile="passthrough").ports
    assert World(environ=CLIENTS | SERVER).load().ports
    assert World(environ=CLIENTS).load(upstream="embedded").ports


def test_any_web_page_with_a_server_side_key_is_warned_of() -> None:
    [warning] = World(environ=SERVER).load(allow_origin=["*"]).warnings
    assert warning.startswith("default port: profile gateway lets any web page spend its key")
    assert World(environ=SERVER).load(allow_origin=["https://a"]).warnings == ()
    assert World(environ=SERVER | CLIENTS).load(allow_origin=["*"]).warnings == ()
    assert World().load(allow_origin=["*"]).warnings == ()


@pytest.mark.parametrize(
    ("upstream", "endpoint", "bound", "loop"),
    [
        ("http://127.0.0.1:81", "tcp:81:interface=127.0.0.1", ["127.0.0.1"], True),
        ("http://localhost:81/v1", "tcp:81:interface=127.0.0.1", ["127.0.0.1"], True),
        ("http://127.0.0.1:81", "tcp:81:interface=localhost", ["localhost"], True),
        ("http://localhost", "tcp:80", [""], True),
        ("https://localhost", "ssl:443", [""], True),
        ("http://0.0.0.0:81", "tcp:81", [""], True),
        ("http://127.0.0.9:81", r"tcp6:81:interface=\:\:", ["::"], True),
        ("http://10.0.0.5:81", "tcp:81:interface=10.0.0.5", ["10.0.0.5"], True),
        ("http://127.0.0.1:82", "tcp:81:interface=127.0.0.1", ["127.0.0.1"], False),
        ("http://10.0.0.6:81", "tcp:81", [""], False),
        ("http://127.0.0.1:81", "tcp:81:interface=10.0.0.5", ["10.0.0.5"], False),
        ("http://unresolved:81", "tcp:81", [""], False),
        ("http://odd:81", "tcp:81", [""], False),
        ("https://localhost", "tcp:80", [""], False),
        ("http://127.0.0.1:81", "unix:/run/x", ["unix"], False),
        ("embedded", "tcp:80", [""], False),
    ],
)
def test_an_upstream_is_no_port_of_our_own(
    upstream: str, endpoint: str, bound: list[str], loop: bool
) -> None:
    names = {"localhost": ["127.0.0.1", "::1"], "odd": ["what"]}
    world = World(names=names, hosts={endpoint: bound})
    flags = {"upstream": upstream, "listen": [f"gateway={endpoint}"]}
    if loop:
        assert world.mistakes(**flags) == [
            "--upstream: the upstream of profile gateway is a port of this process itself"
        ]
    else:
        assert world.load(**flags).ports


def test_a_loop_through_another_profiles_port_is_seen() -> None:
    toml = "[profiles.passthrough]\nupstream = 'http://127.0.0.1:1'"
    world = World({"/srv/c.toml": toml})
    assert world.mistakes(config="c.toml", listen=["gateway=tcp:1", "passthrough=tcp:2"]) == [
        "/srv/c.toml: profiles.passthrough.upstream: the upstream of profile passthrough is a port"
        " of this process itself"
    ]


@pytest.mark.parametrize(
    ("one", "other", "hosts", "clash"),
    [
        ("tcp:1", "tcp:1", {}, True),
        ("tcp:1:interface=127.0.0.1", "tcp:port=1:interface=127.0.0.1", {}, True),
        ("tcp:1", "tcp:1:interface=0.0.0.0",
         {"tcp:1": [""], "tcp:1:interface=0.0.0.0": ["0.0.0.0"]}, True),
        ("unix:/a", "unix:/a", {"unix:/a": ["unix"]}, True),
        ("tcp:1", "tcp:2", {}, False),
        ("tcp:0", "tcp:0", {}, False),
        ("unix:/a", "unix:/b", {"unix:/a": ["unix"], "unix:/b": ["unix"]}, False),
        ("tcp:1:interface=10.0.0.1", "tcp:1:interface=10.0.0.2",
         {"tcp:1:interface=10.0.0.1": ["10.0.0.1"], "tcp:1:interface=10.0.0.2": ["10.0.0.2"]},
         False),
        ("tcp:1", "systemd:index=0", {"systemd:index=0": []}, False),
    ],
)  # fmt: skip
def test_no_two_ports_want_the_same_place(
    one: str, other: str, hosts: dict[str, list[str]], clash: bool
) -> None:
    world = World(hosts=hosts)
    listen = [f"gateway={one}", f"passthrough={other}"]
    if clash:
        said = f"--listen: {other} is opened by --listen already"
        assert world.mistakes(listen=listen) == [said]
    else:
        assert len(world.load(listen=listen).ports) == 2


def test_an_endpoint_that_is_none_is_one_mistake_even_with_a_key() -> None:
    world = World(environ=SERVER)
    flags: dict[str, object] = {"upstream": "http://127.0.0.1:1"}
    assert world.mistakes(listen=["gateway=nonsense:tcp:1", "gateway=tcp:2"], **flags) == [
        "--listen: endpoint 'nonsense:tcp:1': no such kind of endpoint"
    ]
    assert len(world.mistakes(listen=["gateway=nonsense:tcp:1", "gateway=tcp:1"])) == 1
