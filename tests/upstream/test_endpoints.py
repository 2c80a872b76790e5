"""From settings to the way there; and every mistake in them, named before a port is opened."""

from base64 import b64encode
from pathlib import Path

import pytest
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from openaiproxy.errors import Misconfigured
from openaiproxy.profile import Timeouts, Upstream
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.connect import TunnelEndpoint
from openaiproxy.upstream.endpoints import Origin, Way, find_way, parse_origin
from openaiproxy.upstream.tls import TlsEndpoint

from .peers import Peer


def way(**settings: str) -> Way:
    return find_way(MemoryReactorClock(), Upstream(**settings), 10)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "origin", "authority"),
    [
        ("https://api.openai.com", Origin("https", "api.openai.com", 443, b""), "api.openai.com"),
        ("http://H.test:8080/a/b/", Origin("http", "h.test", 8080, b"/a/b"), "h.test:8080"),
        ("http://[2001:DB8::1]/", Origin("http", "2001:db8::1", 80, b""), "[2001:db8::1]"),
        ("https://10.0.0.1:80/%2f", Origin("https", "10.0.0.1", 80, b"/%2f"), "10.0.0.1:80"),
    ],
)
def test_urls_are_taken_apart(url: str, origin: Origin, authority: str) -> None:
    assert parse_origin(url, "base") == origin
    assert origin.authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openai.com",
        "ftp://h.test",
        "http://",
        "http://:80",
        "http://h.test:port",
        "http://h.test:99999",
        "http://h.test/?q=1",
        "http://h.test/#f",
        "http://[::1",
        "http://h.test/a b",
        "http://h.test/\xe9",
        "http://h t.test",
        "http://secret:secret@h.test",
        "http://\u2488.test",
    ],
)
def test_a_base_that_cannot_be_used_is_a_mistake_that_is_named_and_not_quoted(url: str) -> None:
    with pytest.raises(Misconfigured, match="base") as caught:
        way(base=url)
    assert "secret" not in str(caught.value)


def test_a_proxy_that_cannot_be_used_is_a_mistake_that_is_named_and_not_quoted() -> None:
    for url in ("socks5://u:secret@p.test", "p.test:3128", "http://u:secret@p.test:x", "http://"):
        with pytest.raises(Misconfigured, match="proxy") as caught:
            way(proxy=url)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\n"])
def test_a_ca_bundle_that_cannot_be_used_is_a_mistake(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_bytes(content)
    for base in ("https://h.test", "http://h.test"):
        with pytest.raises(Misconfigured, match=r"ca_bundle .*bundle\.pem"):
            UpstreamClient(Clock(), Upstream(base, ca_bundle=str(path)), Timeouts())


def test_a_ca_bundle_that_is_a_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="directory"):
        way(ca_bundle=str(tmp_path))


def test_the_embedded_upstream_needs_its_endpoint() -> None:
    with pytest.raises(Misconfigured, match="embedded"):
        find_way(Clock(), Upstream(base="", embedded=True), 10)
    found = find_way(Clock(), Upstream(base="", embedded=True), 10, Peer(Clock()))
    assert found.origin.authority == "embedded"


def test_http_goes_over_tcp_and_https_over_tls() -> None:
    assert isinstance(way(base="http://h.test").endpoint, HostnameEndpoint)
    found = way(base="https://h.test/p")
    assert isinstance(found.endpoint, TlsEndpoint)
    assert (found.peer, found.before_target, found.authorization) == ("h.test:443", b"/p", None)


def test_http_by_way_of_a_proxy_names_the_whole_target() -> None:
    found = way(base="http://h.test:8080/p", proxy="http://us%65r:p%40ss@p.test:3128")
    assert isinstance(found.endpoint, HostnameEndpoint)
    assert (found.peer, found.before_target) == ("p.test:3128", b"http://h.test:8080/p")
    assert found.authorization == b"Basic " + b64encode(b"user:p@ss")
    assert "p@ss" not in repr(found)
    assert found.authorization.decode() not in repr(found)


def test_https_by_way_of_a_proxy_is_tls_over_a_tunnel() -> None:
    for proxy in ("http://p.test:3128", "https://p.test"):
        found = way(base="https://h.test/p", proxy=proxy)
        assert isinstance(found.endpoint, TlsEndpoint)
        assert (found.before_target, found.authorization, found.by_proxy) == (b"/p", None, False)
    assert isinstance(way(base="http://h.test", proxy="https://p.test").endpoint, TlsEndpoint)


def test_a_dial_is_noiseless_about_passwords() -> None:
    tunnel = TunnelEndpoint(Peer(Clock()), "p.test:1", "h.test:443", b"Basic secret")
    assert "secret" not in repr(tunnel)
