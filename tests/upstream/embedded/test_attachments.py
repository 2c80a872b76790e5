"""Pictures, files and sounds in words: the same for the same thing, however a dialect says it."""

import base64
from typing import Any

import pytest

from openaiproxy.upstream.embedded.attachments import attached, described
from openaiproxy.upstream.embedded.refusals import Refusal

DATA = base64.b64encode(bytes(10)).decode()
URL = "https://example.com/x"


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"type": "text", "text": "x"}, ""),
        ({"type": "image_url", "image_url": {"url": URL}}, f"an image ({URL})"),
        ({"type": "image_url", "image_url": URL}, f"an image ({URL})"),
        ({"type": "input_image", "image_url": URL}, f"an image ({URL})"),
        ({"type": "input_image", "file_id": "file-1"}, "an image (file-1)"),
        ({"type": "image", "source": {"type": "url", "url": URL}}, f"an image ({URL})"),
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, "an image (f)"),
        (
            {"type": "input_image", "image_url": f"data:image/gif;base64,{DATA}"},
            "an image (image/gif, 10 bytes)",
        ),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/gif", "data": DATA},
            },
            "an image (image/gif, 10 bytes)",
        ),
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": DATA},
            },
            "a file (application/pdf, 10 bytes)",
        ),
        (
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "é"},
            },
            "a file (text/plain, 2 bytes)",
        ),
        (
            {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{DATA}"}},
            "a file (application/pdf, 10 bytes)",
        ),
        ({"type": "file", "file": {"file_id": "file-1"}}, "a file (file-1)"),
        ({"type": "input_file", "file_data": DATA}, "a file (application/pdf, 10 bytes)"),
        ({"type": "input_file", "file_url": URL}, f"a file ({URL})"),
        (
            {"type": "input_audio", "input_audio": {"format": "wav", "data": DATA}},
            "a sound (audio/wav, 10 bytes)",
        ),
    ],
)
def test_a_part_is_described(part: dict[str, Any], words: str) -> None:
    assert described(part) == words


def test_what_is_no_base64_is_refused() -> None:
    with pytest.raises(Refusal, match="invalid_base64"):
        described({"type": "input_image", "image_url": "data:image/png;base64,%%"})


def test_only_what_is_no_text_is_attached() -> None:
    parts = [{"type": "input_text"}, {"type": "input_image", "image_url": URL}, "odd"]
    assert attached(parts) == [f"an image ({URL})"]
    assert attached(None) == []
