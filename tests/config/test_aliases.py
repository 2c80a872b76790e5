"""Other names for models, as text, both ways."""

import pytest

from openaiproxy.bridging import Alias
from openaiproxy.config.aliases import alias_text, parse_aliases

GOOD: list[tuple[str, Alias]] = [
    ("fast=gpt-5-mini", Alias("fast", "gpt-5-mini")),
    ("fast=gpt-5-mini:res-low", Alias("fast", "gpt-5-mini", "low")),
    ("fast=gpt-5-mini:sum-auto", Alias("fast", "gpt-5-mini", None, "auto")),
    ("a/b:c=gpt-5:res-none:sum-none", Alias("a/b:c", "gpt-5", "none", "none")),
    ("llama=llama3:8b", Alias("llama", "llama3:8b")),
    ("ft=ft:gpt-4.1:team::id:res-high", Alias("ft", "ft:gpt-4.1:team::id", "high")),
    ("claude-gpt=gpt-5:sum-detailed", Alias("claude-gpt", "gpt-5", None, "detailed")),
    ("a=b=c", Alias("a", "b=c")),
    ("gpt-5=gpt-5:res-xhigh", Alias("gpt-5", "gpt-5", "xhigh")),
]


@pytest.mark.parametrize(("text", "alias"), GOOD)
def test_an_alias_is_read_and_written_row_46(text: str, alias: Alias) -> None:
    assert parse_aliases(text) == (alias,)
    assert alias_text(alias) == text


def test_several_come_in_a_text_a_list_or_a_table() -> None:
    both = (Alias("a", "b", "low"), Alias("c", "d"))
    assert parse_aliases("a=b:res-low, c=d") == both
    assert parse_aliases(["a=b:res-low", "c=d"]) == both
    assert parse_aliases({"a": "b:res-low", "c": " d "}) == both
    assert parse_aliases("") == parse_aliases([]) == parse_aliases({}) == ()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("fast", "expected NAME=MODEL"),
        ("fast=", "expected NAME=MODEL"),
        ("=gpt-5", "expected NAME=MODEL"),
        ("fast=:res-low", "expected NAME=MODEL"),
        ("fast=gpt-5:sum-auto:res-low", "expected NAME=MODEL"),
        ("fast=gpt-5:res-low:mini", "expected NAME=MODEL"),
        ("fast=gpt-é", "expected NAME=MODEL"),
        ("fast=gpt-5:res-bogus", "expected an effort of none, minimal, low"),
        ("fast=gpt-5:res-", "expected an effort of"),
        ("fast=gpt-5:sum-long", "expected a summary of auto, concise, detailed, none"),
        ("a=b,a=c", "expected a name once, but a has two models"),
        ({"a b": "c"}, "expected NAME=MODEL"),
        ({"a=b": "c"}, "expected NAME=MODEL"),
        ({"a": "b,c"}, "expected NAME=MODEL"),
        ({"a": 3}, "for each name"),
        ({"a": {"model": "b"}}, "for each name"),
        ([3], "expected NAME=MODEL"),
        (3, "expected NAME=MODEL"),
    ],
)
def test_an_alias_that_is_none_is_told_what_was_expected(raw: object, said: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        parse_aliases(raw)
    assert said in str(caught.value)
