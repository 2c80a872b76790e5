"""A form on its way (rows 13, 31)."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from multipart import PushMultipartParser

from openaiproxy.errors import BadRequest
from openaiproxy.simple.form import Form, boundary_of
from openaiproxy.simple.own import OWN

Parts = list[tuple[str, str | None, bytes]]
FILE = ("file", "a.wav", b"RIFF\r\n--b\r\n-- \x00\xff" * 50)


def written(parts: Parts, boundary: str = "xyz") -> bytes:
    made = b""
    for name, filename, value in parts:
        said = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
        made += f"--{boundary}\r\nContent-Disposition: {said}\r\n\r\n".encode() + value + b"\r\n"
    return made + f"--{boundary}--\r\n".encode()


def read(data: bytes, boundary: str = "xyz") -> dict[str, tuple[str | None, bytes]]:
    """What an upstream reads."""
    found: dict[str, tuple[str | None, bytes]] = {}
    parser = PushMultipartParser(boundary, strict=True)
    name, filename, value = "", None, b""
    for event in parser.parse(data):
        if event is None:
            assert name not in found
            found[name] = (filename, value)
        elif isinstance(event, bytes | bytearray):
            value += event
        else:
            name, filename, value = event.name, event.filename, b""
    parser.close()
    return found


def passed(data: bytes, step: int = 1 << 20) -> tuple[Form, bytes]:
    form = Form("xyz", lambda own: False)
    made = b"".join(form.feed(data[at : at + step]) for at in range(0, len(data), step))
    return form, made + form.end()


def test_the_proxys_fields_are_taken_out_and_the_file_stays_whole_row_13_row_31() -> None:
    parts: Parts = [
        ("security_key", None, b"the-key"),
        FILE,
        ("timeout", None, b"5000"),
        ("project", None, b"p"),
        ("organization", None, b"o"),
        ("openai_api_key", None, b"sk-x"),
        ("prompt", None, "как".encode()),
    ]
    form, made = passed(written(parts))
    assert read(made) == {
        "file": ("a.wav", FILE[2]),
        "prompt": (None, "как".encode()),
        "model": (None, b"whisper-1"),
        "temperature": (None, b"0"),
        "response_format": (None, b"json"),
    }
    assert form.own.security_key == "the-key"
    assert form.own.timeout == "5000"
    assert form.own.openai_api_key == "sk-x"
    assert b"the-key" not in made
    assert b"sk-x" not in made


def test_one_byte_at_a_time_gives_the_same_row_13() -> None:
    data = written([("security_key", None, b"k"), ("model", None, b"m"), FILE])
    assert passed(data, 1)[1] == passed(data)[1]


NAMES = st.sampled_from(["security_key", "timeout", "model", "prompt", "language", "x[]", "плохо"])
VALUES = st.binary(max_size=60) | st.sampled_from(
    [b"", b"\r\n", b"\r\n--xyz\r", b"--xyz--", b"\r\n--xy"]
)
FIELDS = st.lists(st.tuples(NAMES, st.none(), VALUES), max_size=4, unique_by=lambda part: part[0])


@given(FIELDS, FIELDS, VALUES, st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_however_a_form_is_cut_the_same_goes_up_and_its_parts_stay_whole(
    before: Parts, behind: Parts, file: bytes, steps: list[int]
) -> None:
    names = {name for name, _, _ in before}
    fields = [*before, *(part for part in behind if part[0] not in names)]
    parts = [*fields[: len(before)], ("file", "a.wav", file), *fields[len(before) :]]
    assume(not any(b"\r\n--xyz" in value for _, _, value in parts))
    data = written(parts)
    form, made = passed(data)
    cut, at, pieces = Form("xyz", lambda own: False), 0, b""
    while at < len(data):
        for step in steps:
            pieces += cut.feed(data[at : at + step])
            at += step
    assert pieces + cut.end() == made
    assert cut.own == form.own
    said = read(made)
    assert said["file"] == ("a.wav", file)
    for name, _, value in fields:
        if name not in OWN and value:
            assert said[name] == (None, value)
        else:
            assert name not in said or name == "model"


def test_what_the_caller_says_goes_before_the_defaults_and_empty_fields_are_unsaid() -> None:
    parts: Parts = [
        FILE,
        ("model", None, b"gpt-4o-transcribe"),
        ("language", None, b""),
        ("response_format", None, b""),
        ("temperature", None, b"0.5"),
    ]
    form, made = passed(written(parts))
    said = read(made)
    assert said["model"] == (None, b"gpt-4o-transcribe")
    assert said["temperature"] == (None, b"0.5")
    assert said["response_format"] == (None, b"json")
    assert "language" not in said
    assert form.model == "gpt-4o-transcribe"


def test_granularities_may_be_repeated() -> None:
    name = "timestamp_granularities[]"
    _, made = passed(written([FILE, (name, None, b"word"), (name, None, b"segment")]))
    assert made.count(b'name="timestamp_granularities[]"') == 2


def test_a_file_without_a_name_gets_one() -> None:
    _, made = passed(written([("file", None, b"RIFF")]))
    assert read(made)["file"] == ("audio.wav", b"RIFF")


def test_nothing_of_the_file_is_held() -> None:
    form = Form("xyz", lambda own: False)
    start = written([FILE]).partition(b"RIFF")[0]
    form.feed(start)
    for _ in range(100):
        assert len(form.feed(bytes(65_536))) >= 65_536 - 100


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([("security_key", None, b"k")], "No audio file uploaded"),
        ([FILE, FILE], "more than one file"),
    ],
)
def test_a_form_has_one_file(parts: Parts, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        passed(written(parts))


@pytest.mark.parametrize(
    "data",
    [b"nonsense", b"--xyz\r\nContent-Type: a\r\n\r\n", b"--xyz\r\n\x00: a\r\n\r\n", b""],
)
def test_what_is_no_form_is_refused(data: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        passed(data)
    assert caught.value.status == 400


def test_a_head_that_could_forge_another_is_refused() -> None:
    data = written([FILE]).replace(b'name="file"', b'name="file"; x="\nX-Forged: 1"')
    with pytest.raises(BadRequest, match="can't be read"):
        passed(data)


def test_what_follows_the_last_boundary_is_left_aside() -> None:
    form = Form("xyz", lambda own: False)
    made = form.feed(written([FILE])) + form.feed(b"") + form.feed(b"epilogue") + form.end()
    assert read(made)["file"] == ("a.wav", FILE[2])


def test_an_empty_field_of_the_proxys_own_is_unsaid_also_when_it_comes_late() -> None:
    data = written([("security_key", None, b"k"), FILE, ("project", None, b"")])
    form, made = settled(data, 1000)
    assert form.own.project is None
    assert b"project" not in made


def test_a_form_that_breaks_off_is_refused() -> None:
    with pytest.raises(BadRequest, match="ended before"):
        passed(written([FILE])[:-20])


def test_a_field_is_held_up_to_a_limit() -> None:
    with pytest.raises(BadRequest) as caught:
        passed(written([("prompt", None, bytes(1 << 21)), FILE]))
    assert caught.value.status == 413


def settled(data: bytes, step: int) -> tuple[Form, bytes]:
    """As :func:`passed`, where a security key before the file is enough."""
    form = Form("xyz", lambda own: own.security_key is not None)
    made = b"".join(form.feed(data[at : at + step]) for at in range(0, len(data), step))
    return form, made + form.end()


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_a_field_that_would_change_what_is_in_use_comes_too_late_however_it_comes(
    step: int,
) -> None:
    data = written([("security_key", None, b"k"), FILE, ("openai_api_key", None, b"sk-late")])
    with pytest.raises(BadRequest, match="openai_api_key must come before the file") as caught:
        settled(data, step)
    assert "sk-late" not in str(caught.value)


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_behind_the_file_all_fields_are_taken_if_the_key_is_there_too(step: int) -> None:
    data = written([FILE, ("security_key", None, b"k"), ("openai_api_key", None, b"sk-late")])
    form, _ = settled(data, step)
    assert form.settled is False
    assert (form.own.security_key, form.own.openai_api_key) == ("k", "sk-late")


def test_a_security_key_may_come_twice() -> None:
    form, made = settled(
        written([("security_key", None, b"k"), FILE, ("security_key", None, b"other")]), 100
    )
    assert form.settled
    assert "security_key" not in read(made)
    assert form.own.security_key == "k"


@pytest.mark.parametrize(
    ("media", "boundary"),
    [
        ("multipart/form-data; boundary=xyz", "xyz"),
        ('Multipart/Form-Data; boundary="a b:c"', "a b:c"),
    ],
)
def test_the_boundary_is_read(media: str, boundary: str) -> None:
    assert boundary_of(media) == boundary


@pytest.mark.parametrize(
    ("media", "message"),
    [
        ("", "Content-Type must be multipart/form-data"),
        ("application/json", "Content-Type must be multipart/form-data"),
        ("multipart/form-data", "boundary"),
        ("multipart/form-data; boundary=", "boundary"),
        ("multipart/form-data; boundary=" + "a" * 71, "boundary"),
    ],
)
def test_without_one_it_is_no_form(media: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        boundary_of(media)
