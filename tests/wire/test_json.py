"""What JSON must survive, and what is refused."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.wire.json import DEPTH, dumps, loads, loads_object, loads_record, text


@pytest.mark.parametrize(
    "data",
    [
        b'{"n":123456789012345678901234567890}',
        b'{"n":-18446744073709551617}',
        b'{"n":[18446744073709551615,18446744073709551616]}',
        b'{"half":"\\ud83d"}',
        b'{"half":"\\ud83d","n":12345678901234567890123}',
        b'{"a":1.5,"b":[true,null]}',
        '{"a":"€"}'.encode(),
    ],
)
def test_what_we_do_not_understand_survives(data: bytes) -> None:
    assert dumps(loads(data)) == data


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_reading_undoes_writing(value: Any) -> None:
    assert loads(dumps(value)) == value


def test_records_are_read_alike_but_for_great_numbers() -> None:
    assert loads_record(b'{"a":[1,"x"]}') == {"a": [1, "x"]}
    assert loads_record(b'"\\ud83d"') == "\ud83d"


def test_invalid_utf_8_is_replaced_and_a_mark_skipped() -> None:
    assert loads(b'\xef\xbb\xbf"a\xff"') == "a\ufffd"


def test_the_last_of_duplicate_keys_holds() -> None:
    assert loads(b'{"a":1,"a":2}') == {"a": 2}
    assert loads(b'{"a":12345678901234567890123,"a":2}') == {"a": 2}


BAD = [
    b"",
    b"{",
    b"NaN",
    b"[Infinity]",
    b"-Infinity",
    b"1e999",
    b"{} {}",
    b"[1,]",
    b"nope",
    b"\xff",
]


@pytest.mark.parametrize("data", [*BAD, b'{"n":12345678901234567890123,"f":1e999}'])
def test_what_others_could_not_read_is_refused_by_whose_fault_it_is(data: bytes) -> None:
    with pytest.raises(BadRequest, match="400 invalid_json: The request body is not valid JSON"):
        loads(data, BadRequest)
    with pytest.raises(BadUpstream, match="502 upstream_malformed"):
        loads(data)


def test_floats_are_read_alike_on_the_slow_road() -> None:
    assert loads(b"[12345678901234567890123,0.1]")[1] == 0.1


@pytest.mark.parametrize("inner", ["{}", '"' + "[" * 900 + '"', "12345678901234567890123", "0"])
@pytest.mark.parametrize("open_close", [("[", "]"), ('{"a":', "}")])
def test_depth_is_bounded_and_what_was_read_can_be_written(
    inner: str, open_close: tuple[str, str]
) -> None:
    before, after = open_close
    deepest = DEPTH - (inner == "{}")
    for depth, good in (
        (deepest, True),
        (deepest + 1, False),
        (900, False),
        (5000, False),
        (100_000, False),
    ):
        data = (before * depth + inner + after * depth).encode()
        if good:
            assert dumps(loads(data)) == data
        else:
            with pytest.raises(BadUpstream, match=r"nested too deeply|not valid"):
                loads(data)


def test_wide_is_not_deep() -> None:
    data = b"[" + b",".join([b"[{}]"] * 500) + b"]"
    assert dumps(loads(data)) == data


def test_a_body_must_be_an_object() -> None:
    assert loads_object(b"{}") == {}
    with pytest.raises(BadRequest, match="not a JSON object"):
        loads_object(b"[]", BadRequest)


def test_errors_do_not_quote_the_text() -> None:
    with pytest.raises(BadRequest) as caught:
        loads(b'{"key": "sk-secret', BadRequest)
    assert "secret" not in str(caught.value)


def test_what_json_cannot_say_is_never_written() -> None:
    assert text({"a": [1]}) == '{"a":[1]}'
    with pytest.raises(ValueError, match=r"."):
        dumps([1 << 70, math.nan])


def test_a_number_beyond_64_bits_is_exact_wherever_it_stands() -> None:
    for before in range(20):
        for digits in ("9" * 20, "1" + "0" * 19, "7" * 25):
            text = f'{{"a":{" " * before}{digits},"b":"12 34 567 {digits[:18]}"}}'.encode()
            assert loads(text)["a"] == int(digits)
