"""The decisions that a profile needs: the way out, and whose credential."""

import pytest

from openaiproxy.profile import Credential
from tests.config.world import KEY, World

BUNDLE = "-----BEGIN CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("flags", "environ", "proxy"),
    [
        ({}, {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ({}, {"https_proxy": "p:1"}, "http://p:1"),
        ({}, {"HTTP_PROXY": "http://p:1", "http_proxy": "http://p:2"}, None),
        ({"upstream": "http://h"}, {"http_proxy": "http://p:2"}, "http://p:2"),
        ({"upstream": "http://h"}, {"HTTPS_PROXY": "http://p:1"}, None),
        ({"upstream": "http://localhost:1"}, {"http_proxy": "http://p:2"}, None),
        ({"upstream": "http://127.0.0.1:1", "proxy": "http://p:1"}, {}, "http://p:1"),
        ({"upstream": "http://[::1]:1"}, {"OPENAIPROXY_PROXY": "http://p:1"}, "http://p:1"),
        ({"upstream": "embedded"}, {"HTTPS_PROXY": "socks5://p"}, None),
        ({"proxy": "none"}, {"HTTPS_PROXY": "http://p:1"}, None),
        ({}, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".openai.com"}, None),
        ({}, {"HTTPS_PROXY": "socks5://p", "no_proxy": "*"}, None),
        ({"proxy": "http://p:1", "no_proxy": "api.openai.com"}, {}, None),
        ({"proxy": "http://p:1", "no_proxy": "other"}, {"NO_PROXY": "*"}, "http://p:1"),
    ],
)
def test_the_way_out_depends_on_the_upstream(
    flags: dict[str, object], environ: dict[str, str], proxy: str | None
) -> None:
    assert World(environ=environ).profile(**flags).upstream.proxy == proxy


@pytest.mark.parametrize(
    ("flags", "environ", "origin"),
    [
        ({}, {}, "preset gateway"),
        ({}, {"HTTPS_PROXY": "http://p"}, "environment HTTPS_PROXY"),
        ({"upstream": "embedded"}, {"HTTPS_PROXY": "http://p"}, "embedded upstream"),
        ({"upstream": "https://localhost:1"}, {"HTTPS_PROXY": "http://p"},
         "environment HTTPS_PROXY, but the upstream is on loopback"),
        ({}, {"HTTPS_PROXY": "http://p", "NO_PROXY": "*"},
         "environment HTTPS_PROXY, but for environment NO_PROXY"),
    ],
)  # fmt: skip
def test_the_origin_of_the_way_out_says_why(
    flags: dict[str, object], environ: dict[str, str], origin: str
) -> None:
    origins = World(environ=environ).load(**flags).origins
    assert origins["profiles.gateway.proxy"] == origin


def test_a_proxy_that_is_none_is_a_mistake_that_does_not_show_its_password() -> None:
    [mistake] = World(environ={"HTTPS_PROXY": "socks5://u:SECRET@p"}).mistakes()
    assert mistake.startswith("environment HTTPS_PROXY: expected an HTTP proxy")
    assert "SECRET" not in mistake


def test_an_upstream_with_a_password_is_a_mistake_that_does_not_show_it() -> None:
    [mistake] = World().mistakes(upstream="https://u:SECRET@h")
    assert mistake.startswith("--upstream: expected embedded or a URL")
    assert "SECRET" not in mistake


def test_the_embedded_upstream_gets_no_key_and_no_proxy() -> None:
    world = World(environ={"OPENAI_API_KEY": "not a key", "OPENAI_ORG_ID": "o", "NO_PROXY": "x"})
    profile = world.profile(upstream="embedded")
    assert profile.upstream.embedded
    assert profile.upstream.base == ""
    assert profile.credential == Credential()


def test_organization_and_project_only_go_with_a_server_side_key() -> None:
    world = World(environ={"OPENAI_ORG_ID": "o"})
    assert world.profile(project="p").credential == Credential()
    keyed = World(environ={"OPENAI_ORG_ID": "o", "OPENAI_API_KEY": KEY})
    assert keyed.profile(project="p").credential == Credential(KEY, "o", "p")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_ca_bundle_is_found_and_absolute(variable: str) -> None:
    world = World({"/srv/ca.pem": BUNDLE}, {variable: "ca.pem"})
    assert world.profile().upstream.ca_bundle == "/srv/ca.pem"
    assert world.profile(ca_bundle="none").upstream.ca_bundle is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (FileNotFoundError(2, "No such file or directory"), "cannot be read (No such file"),
        (IsADirectoryError(21, "Is a directory"), "cannot be read (Is a directory)"),
        (b"\xff", "isn't UTF-8 text"),
        ("hello", "holds no certificate in PEM form"),
    ],
)
def test_a_ca_bundle_that_is_none_is_a_mistake(content: str | bytes | Exception, said: str) -> None:
    [mistake] = World({"/srv/ca.pem": content}).mistakes(ca_bundle="ca.pem")
    assert mistake.startswith(f"--ca-bundle: /srv/ca.pem {said}")


def test_a_mistake_that_concerns_every_profile_is_told_once() -> None:
    said = World().mistakes(listen=["gateway=tcp:1", "passthrough=tcp:2"], keepalive="x")
    assert said == ["--keepalive: expected a number of seconds above 0, or none, not 'x'"]


def test_a_burst_without_a_rate_is_warned_of() -> None:
    [warning] = World().load(burst="3").warnings
    assert warning == "--burst: not used by profile gateway, which has no rate"
    assert World().load(burst="3", rate="60/min").warnings == ()
