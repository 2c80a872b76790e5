"""Files within a request (row 70)."""

import base64
from typing import Any

import pytest

from openaiproxy.errors import BadRequest
from openaiproxy.simple.files import MOST_BYTES, check_files

GOOD = base64.b64encode(b"%PDF-1.4").decode()


def part(**fields: Any) -> dict[str, Any]:
    return {"type": "input_file", **fields}


def inside(file: dict[str, Any]) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}, file]}]}


PLACES = [
    (inside, "input[0].content[1]"),
    (
        lambda file: {"input": [{"type": "function_call_output", "output": [file]}]},
        "input[0].output[0]",
    ),
    (
        lambda file: {"input": [{"type": "custom_tool_call_output", "output": [file]}]},
        "input[0].output[0]",
    ),
    (lambda file: {"prompt": {"variables": {"a": file}}}, "prompt.variables.a"),
]


@pytest.mark.parametrize(("put", "path"), PLACES)
def test_a_file_is_found_in_every_place_row_70(put: Any, path: str) -> None:
    assert check_files(put(part(file_data=GOOD, filename="a.pdf")))
    with pytest.raises(BadRequest) as caught:
        check_files(put(part()))
    assert caught.value.message.startswith(f"{path} must have exactly one of")


@pytest.mark.parametrize("source", [{"file_id": "f"}, {"file_url": "https://x"}])
def test_a_file_elsewhere_is_not_one_that_was_sent_along(source: dict[str, str]) -> None:
    assert not check_files(inside(part(**source)))


@pytest.mark.parametrize(
    "fields",
    [
        {"file_id": "f", "file_url": "u"},
        {"file_id": ""},
        {"file_id": 5},
        {"file_data": GOOD},
        {"file_data": GOOD, "filename": " "},
        {"file_data": GOOD + "=", "filename": "a"},
        {"file_data": GOOD[:-1], "filename": "a"},
        {"file_data": GOOD.replace("V", "-"), "filename": "a"},
        {"file_data": f"{GOOD}\n", "filename": "a"},
        {"file_data": "QQ=A", "filename": "a"},
        {"file_data": "QR==", "filename": "a"},
        {"file_data": "data:application/pdf;base64,", "filename": "a"},
        {"file_data": "data:application/pdf,abcd", "filename": "a"},
    ],
)
def test_a_malformed_one_is_refused_row_70(fields: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        check_files(inside(part(**fields)))
    assert caught.value.status == 400


@pytest.mark.parametrize("data", ["QQ==", "QUI=", "QUJD", f"data:application/pdf;base64,{GOOD}"])
def test_canonical_base64_is_taken(data: str) -> None:
    assert check_files(inside(part(file_data=data, filename="a.pdf")))


def test_one_file_stays_below_the_limit_and_all_together_within_row_70() -> None:
    data = "A" * (MOST_BYTES // 3 * 4 + 4)
    with pytest.raises(BadRequest, match="smaller than 50 MB"):
        check_files(inside(part(file_data=data, filename="a")))
    half = part(file_data="A" * (MOST_BYTES // 2 // 3 * 4 + 4), filename="a")
    with pytest.raises(BadRequest) as caught:
        check_files({"input": [{"content": [half, half]}]})
    assert caught.value.status == 413
    assert check_files({"input": [{"content": [half]}]})


@pytest.mark.parametrize(
    "body", [{}, {"input": "hi"}, {"input": [5]}, {"prompt": {"variables": {"a": "b"}}}]
)
def test_a_request_without_files_has_none(body: dict[str, Any]) -> None:
    assert not check_files(body)
