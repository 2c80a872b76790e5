"""What is the proxy's own is taken off, wherever it stands."""

import pytest

from openaiproxy.errors import BadRequest
from openaiproxy.simple.own import OWN, Own, merge, split_body, split_query

SAID = {
    "security_key": "the-key",
    "openai_api_key": "sk-mine",
    "anthropic_api_key": "sk-ant-mine",
    "project": "proj_1",
    "organization": "org-1",
    "timeout": 5000,
}


def test_all_of_it_is_taken_off_a_body_row_31_row_34() -> None:
    own, rest = split_body({**SAID, "model": "m", "input": "hi"})
    assert rest == {"model": "m", "input": "hi"}
    assert own == Own("the-key", "sk-mine", "sk-ant-mine", "proj_1", "org-1", 5000)
    assert SAID.keys() == OWN


def test_all_of_it_is_taken_off_a_query_and_the_rest_keeps_its_order_row_31() -> None:
    own, rest = split_query("b=2&security_key=the-key&a=1&b=3&timeout=7&project=proj_1")
    assert rest == [("b", "2"), ("a", "1"), ("b", "3")]
    assert (own.security_key, own.timeout, own.project) == ("the-key", "7", "proj_1")


def test_no_secret_is_in_its_repr_defect_4() -> None:
    shown = repr(split_body(dict(SAID))[0])
    assert not any(word in shown for word in ("the-key", "sk-mine", "sk-ant"))


@pytest.mark.parametrize("key", [None, "", 1, True, ["the-key"], {"a": 1}])
def test_a_security_key_that_is_no_text_is_none_defect_2(key: object) -> None:
    assert split_body({"security_key": key})[0].security_key is None


@pytest.mark.parametrize("name", ["openai_api_key", "anthropic_api_key", "project", "organization"])
@pytest.mark.parametrize("value", ["a b", "a\r\nX: y", "ключ", 1, ["a"]])
def test_what_cannot_stand_in_a_header_is_refused_and_not_shown(name: str, value: object) -> None:
    with pytest.raises(BadRequest) as caught:
        split_body({name: value})
    assert caught.value.status == 400
    assert caught.value.message == f"{name} must be text of visible ASCII characters"


def test_empty_text_is_unsaid() -> None:
    assert split_body({"openai_api_key": "", "project": ""})[0] == Own()


def test_an_earlier_place_goes_first() -> None:
    both = merge((Own(security_key="a"), Own(security_key="b", project="p")))
    assert (both.security_key, both.project) == ("a", "p")


def test_the_first_of_a_name_holds_in_a_query() -> None:
    assert split_query("timeout=1&timeout=2")[0].timeout == "1"
