"""The vendors' clients read what we make of recorded answers, and see what they see in the
original."""

import pytest

from tests import corpus
from tests.cases import Case
from tests.corpus import Entry, entries, load, sample
from tests.excepted import EXCEPTED
from tests.oracle import alike, facts
from tests.wires import WIRES

NEEDED = pytest.mark.skipif(corpus.root() is None, reason=corpus.ABSENT)


def chosen() -> list[Entry]:
    groups: dict[tuple[str, bool], list[Entry]] = {}
    for entry in entries():
        if entry.status < 400:
            groups.setdefault((entry.dialect, entry.stream), []).append(entry)
    return [found for group in groups.values() for found in sample(tuple(group), 10)]


def disagreements(entry: Entry, target: str) -> list[str]:
    recording = load(entry)
    translation = Case(recording, WIRES[entry.dialect], WIRES[target]).translation()
    if entry.stream:
        stream = translation.stream()
        made, status = stream.feed(recording.body) + stream.eof(), 200
    else:
        answer = translation.reply(recording.body)
        made, status = answer.body, answer.status
    names = (entry.dialect, target)
    original = facts(entry.dialect, recording.body, entry.stream)
    return alike(original, facts(target, made, entry.stream, status), names)


@NEEDED
@pytest.mark.parametrize("target", WIRES)
@pytest.mark.parametrize("entry", chosen(), ids=lambda entry: entry.file)
def test_a_client_sees_the_same_in_every_dialect(entry: Entry, target: str) -> None:
    if (entry.file, "oracle") in EXCEPTED:
        pytest.skip(EXCEPTED[entry.file, "oracle"])
    assert disagreements(entry, target) == []
