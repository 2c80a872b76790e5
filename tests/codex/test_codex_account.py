"""The login as a setting."""

from typing import Any

import pytest

from openaiproxy.codex.account import Account
from openaiproxy.errors import Misconfigured


@pytest.mark.parametrize("name", ["originator", "user_agent", "residency", "client_version"])
@pytest.mark.parametrize("value", ["a\r\nb: c", "é", "\0"])
def test_what_no_header_field_can_hold_is_a_mistake_named_at_once(name: str, value: str) -> None:
    given: dict[str, Any] = {name: value}
    with pytest.raises(Misconfigured, match=name):
        Account("auth.json", **given)


def test_nothing_is_said_of_a_residency_unless_it_is_set() -> None:
    assert Account("auth.json").residency is None
