"""Short names (pitfall 14)."""

import re

from hypothesis import given
from hypothesis import strategies as st

from openaiproxy.dialects.names import shorten, shorten_all


@given(st.text(min_size=1))
def test_a_short_name_fits_and_stays_the_same_14(name: str) -> None:
    short = shorten(name)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", short)
    assert shorten(short) == short == shorten(name)


def test_a_name_that_fits_is_left_alone_14() -> None:
    assert shorten("get_weather-2") == "get_weather-2"
    assert shorten_all(["a", "b"]) == {}


def test_names_alike_in_their_heads_stay_apart_14() -> None:
    one, two = "x" * 70 + "1", "x" * 70 + "2"
    assert shorten(one) != shorten(two)
    assert shorten("a.b") != shorten("a_b") != shorten("a b")
    assert shorten_all(["ok", one]) == {shorten(one): one}
