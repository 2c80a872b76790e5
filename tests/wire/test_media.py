"""What a body is, by its fields."""

import pytest

from openaiproxy.wire.media import media_of


@pytest.mark.parametrize(
    ("kind", "coding", "is_stream", "is_events"),
    [
        (b"text/event-stream; charset=utf-8", None, True, True),
        (b"Text/Event-Stream", b" Identity ", True, True),
        (b"text/event-stream", b"br", True, False),
        (b"application/json", None, False, False),
        (None, None, False, False),
    ],
)
def test_event_streams_are_known_by_their_type(
    kind: bytes | None, coding: bytes | None, is_stream: bool, is_events: bool
) -> None:
    media = media_of(kind, coding)
    assert (media.is_stream, media.is_events) == (is_stream, is_events)


def test_a_type_is_told_without_its_parameters() -> None:
    assert media_of(b"Application/JSON ;charset=utf-8", None).type == b"application/json"
