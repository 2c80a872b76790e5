"""Single values, and what is said of wrong ones."""

from pathlib import Path

import pytest

from openaiproxy.config.urls import proxy_url, upstream_url
from openaiproxy.config.values import (
    Parser,
    choice,
    file_path,
    header_names,
    header_value,
    host_name,
    listed,
    listens,
    name,
    or_none,
    origin,
    rate,
    refused,
    seconds,
    size,
    unordered,
    whole,
    yes_no,
)

GOOD: list[tuple[Parser, object, object]] = [
    (whole(0, 65535), "4567", 4567),
    (whole(0, 65535), " 0 ", 0),
    (whole(1), 7, 7),
    (seconds(), "30", 30.0),
    (seconds(), "1.5s", 1.5),
    (seconds(), 2, 2.0),
    (seconds(), 0.25, 0.25),
    (seconds(0), "0", 0.0),
    (size, "1GiB", 1 << 30),
    (size, "64MB", 64_000_000),
    (size, "1073741824", 1 << 30),
    (size, 42, 42),
    (size, "1.5 kib", 1536),
    (size, "10k", 10_000),
    (size, "3 TB", 3 * 10**12),
    (size, "7B", 7),
    (or_none(size), "None", None),
    (or_none(size), "5", 5),
    (yes_no, "yes", True),
    (yes_no, True, True),
    (yes_no, "Off", False),
    (yes_no, False, False),
    (choice("text", "json"), " JSON ", "json"),
    (name, "my-Team_1", "my-Team_1"),
    (file_path, " a/b ", Path("a/b")),
    (header_value, " org-1 ", "org-1"),
    (header_names, "X-API-Key, api-key", ("x-api-key", "api-key")),
    (header_names, ["a", "b c"], ("a", "b", "c")),
    (unordered(host_name), "A.example.com., [::1], 10.0.0.1", {"a.example.com", "::1", "10.0.0.1"}),
    (unordered(host_name), [], set()),
    (listed(str), "a b,c,,", ("a", "b", "c")),
    (unordered(origin), ["https://A.example.com/", "tauri://localhost"],
     {"https://a.example.com", "tauri://localhost"}),
    (unordered(origin), "*", {"*"}),
    (upstream_url, "Embedded", "embedded"),
    (upstream_url, "https://api.openai.com/v1/", "https://api.openai.com"),
    (upstream_url, "HTTP://h:8080/openai/v1", "http://h:8080/openai"),
    (upstream_url, "https://h/v1x", "https://h/v1x"),
    (upstream_url, "http://[::1]:80/", "http://[::1]:80"),
    (proxy_url, "proxy:3128", "http://proxy:3128"),
    (proxy_url, "https://u:p@proxy:3128/", "https://u:p@proxy:3128"),
    (listens, "a=tcp:1; b=unix:/x=y\n", (("a", "tcp:1"), ("b", "unix:/x=y"))),
    (listens, ["a=tcp:1", "b=tcp:2"], (("a", "tcp:1"), ("b", "tcp:2"))),
]  # fmt: skip


@pytest.mark.parametrize(("parse", "raw", "value"), GOOD)
def test_a_value_is_read(parse: Parser, raw: object, value: object) -> None:
    parsed = parse(raw)
    assert parsed == value
    assert type(parsed) is type(value) or isinstance(parsed, frozenset | Path)


BAD: list[tuple[Parser, object, str]] = [
    (whole(0, 65535), "70000", "a whole number from 0 to 65535"),
    (whole(0, 65535), "-1", "a whole number from 0 to 65535"),
    (whole(0, 65535), True, "a whole number from 0 to 65535"),
    (whole(1), 1.0, "a whole number of 1 or more"),
    (whole(1), 0, "a whole number of 1 or more"),
    (whole(1), "٣", "a whole number of 1 or more"),
    (seconds(), "0", "a number of seconds above 0"),
    (seconds(), "1e3", "a number of seconds above 0"),
    (seconds(), float("inf"), "a number of seconds above 0"),
    (seconds(), float("nan"), "a number of seconds above 0"),
    (seconds(), True, "a number of seconds above 0"),
    (seconds(), [], "a number of seconds above 0"),
    (seconds(0), "-1", "a number of seconds of 0 or more"),
    (size, "1 apple", "a size in bytes"),
    (size, True, "a size in bytes"),
    (size, 1.5, "a size in bytes"),
    (size, -1, "a size in bytes"),
    (size, "0", "above 0 bytes"),
    (size, "0.1B", "above 0 bytes"),
    (or_none(size), "x", "such as 1GiB, 64MB or 1073741824, or none"),
    (yes_no, "maybe", "yes or no"),
    (yes_no, 7, "yes or no"),
    (choice("text", "json"), "xml", "text or json"),
    (choice("text", "json"), 1, "text or json"),
    (name, "a b", "a profile's name"),
    (name, 1, "a profile's name"),
    (file_path, " ", "a file's path"),
    (file_path, "a\0b", "a file's path"),
    (file_path, 1, "a file's path"),
    (header_value, "a b", "visible ASCII"),
    (header_value, "é", "visible ASCII"),
    (header_value, 1, "visible ASCII"),
    (header_names, "x:y", "header names"),
    (header_names, [], "at least one header name"),
    (header_names, [1], "text, or a list of texts"),
    (unordered(host_name), "http://h", "host names without scheme or port"),
    (unordered(host_name), "h:80", "host names without scheme or port"),
    (unordered(origin), "app.example.com", "origins, such as"),
    (unordered(origin), "null", "origins, such as"),
    (unordered(origin), "https://a.example.com/x", "origins, such as"),
    (upstream_url, "api.openai.com", "embedded or a URL"),
    (upstream_url, "ftp://h", "embedded or a URL"),
    (upstream_url, "https://", "embedded or a URL"),
    (upstream_url, "https://h:99999", "embedded or a URL"),
    (upstream_url, "https://h:0", "embedded or a URL"),
    (upstream_url, "https://[::1", "embedded or a URL"),
    (upstream_url, "https://h/a b", "embedded or a URL"),
    (upstream_url, "https://h\\x", "embedded or a URL"),
    (upstream_url, "https://é.example", "embedded or a URL"),
    (upstream_url, 5, "embedded or a URL"),
    (upstream_url, "https://u@h", "without a user or password"),
    (upstream_url, "https://:p@h", "without a user or password"),
    (upstream_url, "https://h?", "without query or fragment"),
    (upstream_url, "https://h/#x", "without query or fragment"),
    (upstream_url, "https://h/../x", "without .. in its path"),
    (proxy_url, "socks5://p:1080", "an HTTP proxy"),
    (proxy_url, "http://p/x", "without a path"),
    (proxy_url, "http://p?x", "without a path"),
    (proxy_url, 1, "an HTTP proxy"),
    (listens, "tcp:80:interface=x", "PROFILE=ENDPOINT"),
    (listens, "keyed", "PROFILE=ENDPOINT"),
    (listens, "keyed=", "PROFILE=ENDPOINT"),
    (listens, " ; ", "PROFILE=ENDPOINT"),
    (listens, 1, "PROFILE=ENDPOINT"),
    (listens, [1], "PROFILE=ENDPOINT"),
    (refused, "sk-secret", "a key isn't taken from here"),
]


@pytest.mark.parametrize(("parse", "raw", "expected"), BAD)
def test_a_wrong_value_is_told_what_was_expected_and_not_repeated(
    parse: Parser, raw: object, expected: str
) -> None:
    with pytest.raises(ValueError, match=r"expected|isn't taken") as caught:
        parse(raw)
    assert expected in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "a_minute"),
    [
        ("60/min", 60.0),
        (" 5 / s ", 300.0),
        ("1000/h", 1000 / 60),
        ("12", 12.0),
        (60, 60.0),
        (0.5, 0.5),
        ("0.5/m", 0.5),
    ],
)
def test_a_rate_is_so_many_a_minute(raw: object, a_minute: float) -> None:
    assert rate(raw) == pytest.approx(a_minute)


@pytest.mark.parametrize(
    "raw", ["", "60/day", "/min", "60/", "0", 0, "60s", "-1/min", True, None, "nan", "1/2/s"]
)
def test_what_is_no_rate_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="such as 60/min"):
        rate(raw)
