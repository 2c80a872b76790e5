"""The shorthand for one image (row 20)."""

import base64

import pytest

from openaiproxy.errors import BadRequest
from openaiproxy.simple.images import put_image

URL = {"url": "https://a.example/cat.png"}
PART = {"type": "image_url", "image_url": URL}


def test_it_goes_into_the_users_last_message_row_20() -> None:
    before = [{"role": "system", "content": "s"}, {"role": "user", "content": "what?"}]
    after = put_image(before, URL)
    assert after == [
        before[0],
        {"role": "user", "content": [{"type": "text", "text": "what?"}, PART]},
    ]
    assert before[1]["content"] == "what?"


def test_it_follows_parts_that_are_there() -> None:
    part = {"type": "text", "text": "what?"}
    assert put_image([{"role": "user", "content": [part]}], URL)[0]["content"] == [part, PART]


@pytest.mark.parametrize("before", [None, [], [{"role": "assistant", "content": "hi"}]])
def test_else_it_is_a_message_of_its_own(before: list[object] | None) -> None:
    assert put_image(before, URL) == [*(before or []), {"role": "user", "content": [PART]}]


@pytest.mark.parametrize(
    ("begin", "media"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBP", "image/webp"),
        (b"anything else", "image/png"),
    ],
)
def test_a_base64_image_says_what_it_is_defect_14(begin: bytes, media: str) -> None:
    content = base64.b64encode(begin + bytes(40)).decode()
    url = put_image([], {"base64": content})[0]["content"][0]["image_url"]["url"]
    assert url == f"data:{media};base64,{content}"


def test_a_data_url_stays_as_it_is() -> None:
    given = "data:image/webp;base64,AAAA"
    assert put_image([], {"base64": given})[0]["content"][0]["image_url"]["url"] == given


def test_what_cannot_be_decoded_is_called_a_png_as_ever() -> None:
    url = put_image([], {"base64": "A"})[0]["content"][0]["image_url"]["url"]
    assert url == "data:image/png;base64,A"


@pytest.mark.parametrize("image", [True, "x", {}, {"url": ""}, {"url": 1}, {"base64": None}, []])
def test_what_is_no_image_is_refused(image: object) -> None:
    with pytest.raises(BadRequest, match="Invalid image payload"):
        put_image([], image)


def test_messages_that_are_no_list_are_refused() -> None:
    with pytest.raises(BadRequest, match="messages must be an array"):
        put_image("hi", URL)
