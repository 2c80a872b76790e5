"""Request targets: what passes is kept to the byte, and nothing that could climb out of a path passes."""

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openaiproxy.errors import BadRequest
from openaiproxy.wire.target import Target, parse_target


@pytest.mark.parametrize(
    ("raw", "path", "query"),
    [
        (b"/", "/", None),
        (b"/v1/models", "/v1/models", None),
        (b"/v1/models/", "/v1/models/", None),
        (b"/v1//models", "/v1//models", None),
        (b"/v1/models?", "/v1/models", ""),
        (b"/v1/models??", "/v1/models", "?"),
        (b"/?a=1&a=2&empty=&b", "/", "a=1&a=2&empty=&b"),
        (b"/v1/x?q=%2F%3f%00..%2e/../", "/v1/x", "q=%2F%3f%00..%2e/../"),
        (b'/v1/x?include[]=a|b^c{}"`\\<>', "/v1/x", 'include[]=a|b^c{}"`\\<>'),
        (b"/v1/models/ft:gpt-4o:org::id", "/v1/models/ft:gpt-4o:org::id", None),
        (b"/v1/models/org%2Fname", "/v1/models/org%2Fname", None),
        (b"/v1/models/gpt-4.1", "/v1/models/gpt-4.1", None),
        (b"/v1/files/...", "/v1/files/...", None),
        (b"/v1/files/..a", "/v1/files/..a", None),
        (b"/v1/files/a..", "/v1/files/a..", None),
        (b"/v1/files/a;b=c", "/v1/files/a;b=c", None),
        (b"/v1/files/100%25", "/v1/files/100%25", None),
        (b"/v1/files/100%25%2525", "/v1/files/100%25%2525", None),
        (b"/v1/files/%C3%A9%E2%82%AC%F0%9F%98%80", "/v1/files/%C3%A9%E2%82%AC%F0%9F%98%80", None),
        (b"/v1/@me!$&'()*+,=~_-", "/v1/@me!$&'()*+,=~_-", None),
    ],
)
def test_what_passes_is_kept_to_the_byte_row_91(raw: bytes, path: str, query: str | None) -> None:
    target = parse_target(raw)
    assert target == Target(path, query)
    assert target.render() == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"*",
        b"v1/models",
        b"?a=1",
        b"http://localhost/v1/models",
        b"https://evil.example/",
        b"localhost:443",
        b"/v1/models#fragment",
        b"/v1/models?a=1#fragment",
        b"/v1/mod els",
        b"/v1/models?a b",
        b"/v1/models\n",
        b"/v1/models?a\n",
        b"/v1/mod\xc3\xa9ls",
        b"/v1/models?\xff",
        b"/v1/mod\x00els",
        b"/v1\\models",
        b"/v1/{id}",
        b'/v1/"',
    ],
)
def test_a_target_in_any_other_form_or_character_is_refused(raw: bytes) -> None:
    assert refusal(raw) == "bad_target"


@pytest.mark.parametrize("path", [b"//", b"//evil.example/v1/models", b"///v1"])
def test_two_leading_slashes_are_refused(path: bytes) -> None:
    assert refusal(path) == "bad_target"


@pytest.mark.parametrize(
    "raw", [b"/%", b"/a%2", b"/a%zz/b", b"/%u002e%u002e/x", b"/a?b=%", b"/a?b=%4", b"/a?100%&b"]
)
def test_a_broken_escape_is_refused(raw: bytes) -> None:
    assert refusal(raw) == "bad_target"


@pytest.mark.parametrize("escape", [b"%00", b"%0a", b"%0D", b"%1f", b"%7F", b"%2500", b"%25%30%30"])
def test_a_control_character_is_refused_however_it_is_encoded(escape: bytes) -> None:
    assert refusal(b"/v1/responses/a" + escape) == "bad_target"


@pytest.mark.parametrize(
    "segment",
    [
        b".",
        b"..",
        b"%2e%2e",
        b"%2E.",
        b".%2e",
        b"%252e%252e",
        b"%25252e.",
        b"%25%32e.",
        b"%252%2565.",
        b"%252%2565%252%2565",
        b"..;x=1",
        b"..%3bx",
        b"..%3Fx",
        b"..%23x",
        b"..%20",
        b"x%2f..",
        b"x%2F%2e%2e%2fy",
        b"x%5c..",
        b"x%5C%2e%2e%5Cy",
        b"x%255c..%255cy",
        b"%c0%ae%c0%ae",
        b"%c1%9c",
        b"%e0%80%ae",
        b"%f0%80%80%ae",
        b"%f8%80%80%80%ae",
        b"%fc%80%80%80%80%ae",
        b"%25c0%25ae",
    ],
)
@pytest.mark.parametrize("after", [b"", b"/", b"/files", b"?a=1"])
def test_a_dot_segment_is_refused_however_it_is_written(segment: bytes, after: bytes) -> None:
    assert refusal(b"/v1/responses/" + segment + after) == "bad_target"


def test_what_is_encoded_over_and_over_is_refused() -> None:
    assert parse_target(b"/a%25252525b").path == "/a%25252525b"
    assert refusal(b"/a%" + b"25" * 9 + b"62") == "bad_target"


def test_the_refusal_does_not_repeat_the_target() -> None:
    with pytest.raises(BadRequest) as raised:
        parse_target(b"/secret/../x")
    assert raised.value.status == 400
    assert "secret" not in str(raised.value)


PIECES = [
    b"/",
    b".",
    b"%",
    b"2",
    b"e",
    b"5",
    b"f",
    b"c",
    b"a",
    b";",
    b"3",
    b"0",
    b"%2e",
    b"%25",
    b"%5c",
]


@given(st.lists(st.sampled_from(PIECES), max_size=16).map(b"".join))
@example(b"%252%2565./x")
def test_no_number_of_lenient_decodings_makes_a_dot_segment_of_what_passed(rest: bytes) -> None:
    """The model decodes as ``urllib`` does, leaving broken escapes alone, and splits as the most generous server."""
    try:
        target = parse_target(b"/v1/" + rest)
    except BadRequest:
        return
    path = target.path.encode()
    assert target.render() == b"/v1/" + rest
    for _ in range(20):
        names = [re.split(rb"[;?#]", segment)[0] for segment in re.split(rb"[/\\]", path)]
        assert b"." not in names
        assert b".." not in names
        path = unquote_to_bytes(path)


def refusal(raw: bytes) -> str:
    with pytest.raises(BadRequest) as raised:
        parse_target(raw)
    return raised.value.code
