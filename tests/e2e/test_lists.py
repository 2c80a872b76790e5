"""Files and models: offered by ``passthrough``, refused by ``keyed`` before anything else."""

import json

import openai
import pytest

from tests.e2e.callers import Caller

passthrough_only = pytest.mark.parametrize("place", ["passthrough"], indirect=True)
keyed_only = pytest.mark.parametrize("place", ["keyed"], indirect=True)

CONTENT = bytes(range(256)) * 2000


@passthrough_only
def test_files_are_uploaded_listed_read_and_deleted(caller: Caller) -> None:
    made = [
        caller.call(
            lambda c, n=n: c.files.create(file=(f"{n}.bin", CONTENT + n), purpose="user_data")
        )
        for n in (b"a", b"b", b"c")
    ]
    sent, _ = caller.place.last()
    assert CONTENT + b"c" in sent.body
    before = len(caller.place.passed())
    listed = caller.items(lambda c: c.files.list(limit=2, order="asc", purpose="user_data"))
    assert [each.id for each in listed if each.id in {m.id for m in made}] == [m.id for m in made]
    pages = [seen.target for _, seen in caller.place.passed()[before:]]
    assert len(pages) >= 2
    assert b"after=file-" in pages[1]
    assert caller.call(lambda c: c.files.retrieve(made[1].id)).bytes == len(CONTENT) + 1
    assert caller.call(lambda c: c.files.content(made[1].id)).content == CONTENT + b"b"
    for each in made:
        assert caller.call(lambda c, id=each.id: c.files.delete(id)).deleted
    with pytest.raises(openai.NotFoundError):
        caller.call(lambda c: c.files.retrieve(made[0].id))


@passthrough_only
def test_rows_17_45_models_are_listed_but_for_codex(caller: Caller) -> None:
    names = {model.id for model in caller.items(lambda c: c.models.list())}
    assert {"gpt-4.1", "whisper-1"} <= names
    assert not [name for name in names if "codex" in name]


@passthrough_only
def test_one_model_is_retrieved(caller: Caller) -> None:
    assert caller.call(lambda c: c.models.retrieve("gpt-4.1")).owned_by == "openai"


@keyed_only
@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.models.list(),
        lambda c: c.models.retrieve("gpt-4.1"),
        lambda c: c.files.list(),
        lambda c: c.files.create(file=("a.bin", CONTENT), purpose="user_data"),
        lambda c: c.files.delete("file-a"),
        lambda c: c.chat.completions.retrieve("chatcmpl-1"),
        lambda c: c.moderations.create(input="x"),
    ],
    ids=["models", "model", "files", "upload", "delete", "stored", "moderations"],
)
def test_keyed_offers_its_list_alone(refused: Caller, ask) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        refused.call(ask)
    assert json.loads(caught.value.response.content) == {"detail": "Not found"}
