"""What unchanged SDKs send (rows 1, 4, 32)."""

import pytest

from openaiproxy.errors import BadRequest
from openaiproxy.simple.stock import check_media, upstream_stock_fields

KEY = (b"Authorization", b"Bearer sk-callers-own")
PLACES = ("x-security-key",)


def test_the_callers_key_goes_up_and_ours_does_not_row_32() -> None:
    fields = [KEY, (b"X-Security-Key", b"secret"), (b"Content-Type", b"application/json")]
    assert upstream_stock_fields(fields, PLACES) == [KEY, fields[2]]


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [(b"Authorization", b"Basic x")],
        [(b"Authorization", b"Bearer ")],
        [(b"x-api-key", b"k")],
    ],
)
def test_without_a_key_for_the_upstream_it_is_401_row_32(fields: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(BadRequest) as caught:
        upstream_stock_fields(fields, PLACES)
    assert caught.value.status == 401


def test_x_project_goes_up_by_its_real_name_unless_that_is_there() -> None:
    assert (b"OpenAI-Project", b"p1") in upstream_stock_fields([KEY, (b"X-Project", b"p1")], PLACES)
    both = [KEY, (b"X-Project", b"p1"), (b"OpenAI-Project", b"p2")]
    assert upstream_stock_fields(both, PLACES) == [KEY, both[2]]


def test_other_headers_of_an_sdk_go_up_and_a_browsers_do_not() -> None:
    fields = [KEY, (b"X-Stainless-Lang", b"js"), (b"Cookie", b"a"), (b"Origin", b"http://x")]
    assert upstream_stock_fields(fields, PLACES) == [KEY, fields[1]]


@pytest.mark.parametrize(
    "media", ["application/json", "application/json; charset=utf-8", "application/x+json"]
)
def test_json_is_taken(media: str) -> None:
    check_media(media)


@pytest.mark.parametrize(
    "media", [None, "", "text/plain", "multipart/form-data", "application/jsonx"]
)
def test_all_else_is_415(media: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        check_media(media)
    assert caught.value.status == 415
