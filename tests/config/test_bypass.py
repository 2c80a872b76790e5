"""Which upstreams need no proxy."""

import pytest

from openaiproxy.config.bypass import bypasses, is_loopback_name


@pytest.mark.parametrize(
    ("url", "rule", "exempt"),
    [
        ("https://api.openai.com", "*", True),
        ("https://api.openai.com", "api.openai.com", True),
        ("https://api.openai.com", "API.OpenAI.com.", True),
        ("https://api.openai.com", "openai.com", True),
        ("https://api.openai.com", ".openai.com", True),
        ("https://openai.com", ".openai.com", True),
        ("https://api.openai.com", "*.openai.com", True),
        ("https://api.openai.com", "penai.com", False),
        ("https://notopenai.com", "openai.com", False),
        ("https://api.openai.com", "api.openai.com:443", True),
        ("https://api.openai.com", "api.openai.com:80", False),
        ("http://h", "h:80", True),
        ("http://h:8080", "h:8080", True),
        ("http://h", "", False),
        ("http://h", ":80", False),
        ("http://10.1.2.3", "10.1.2.3", True),
        ("http://10.1.2.3", "10.0.0.0/8", True),
        ("http://10.1.2.3", "10.1.2.3/8", True),
        ("http://10.1.2.3:81", "10.1.2.3:81", True),
        ("http://10.1.2.3", "192.168.0.0/16", False),
        ("http://10.1.2.3", ".2.3", False),
        ("http://10.1.2.3", "h", False),
        ("http://h", "10.0.0.0/8", False),
        ("http://[::1]:8080", "::1", True),
        ("http://[::1]:8080", "[::1]", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("http://[::1]:8080", "[::1]:8081", False),
        ("http://[fd00::7]", "fd00::/8", True),
        ("http://10.1.2.3", "fd00::/8", False),
    ],
)
def test_a_rule_exempts_what_it_names(url: str, rule: str, exempt: bool) -> None:
    assert bypasses(url, [rule]) is exempt
    assert bypasses(url, ["elsewhere.example", f" {rule} "]) is exempt


def test_no_rule_exempts_nothing() -> None:
    assert not bypasses("http://h", [])


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("api.localhost", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
    ],
)
def test_loopback_is_known_by_name(host: str, loopback: bool) -> None:
    assert is_loopback_name(host) is loopback
