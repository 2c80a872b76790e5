"""How much of an account's limits is used."""

from typing import Any

import pytest

from openaiproxy.codex.limits import Limits, Window, event_limits, header_limits


def test_header_fields_are_read() -> None:
    fields = [
        (b"X-Codex-Primary-Used-Percent", b"12.5"),
        (b"x-codex-primary-window-minutes", b"300"),
        (b"x-codex-primary-reset-after-seconds", b"60"),
        (b"x-codex-secondary-used-percent", b"3"),
    ]
    assert header_limits(fields) == Limits(Window(12.5, 300, 60), Window(3))


@pytest.mark.parametrize("value", [b"", b"much", b"nan", b"inf", b"\xff"])
def test_odd_fields_say_nothing(value: bytes) -> None:
    assert header_limits([(b"x-codex-primary-used-percent", value)]) is None
    assert header_limits([]) is None


def test_an_event_is_read() -> None:
    primary = {"used_percent": 1, "window_minutes": 300, "reset_after_seconds": 9}
    event = {"type": "codex.rate_limits", "rate_limits": {"primary": primary, "secondary": None}}
    assert event_limits(event) == Limits(Window(1, 300, 9), None)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.created"},
        {"type": "codex.rate_limits"},
        {"type": "codex.rate_limits", "rate_limits": []},
        {"type": "codex.rate_limits", "rate_limits": {"primary": {"used_percent": True}}},
    ],
)
def test_other_and_odd_events_say_nothing(event: dict[str, Any]) -> None:
    assert event_limits(event) is None
