"""The laws over recorded traffic, in all nine directions: a sample always, everything with
``OPENAIPROXY_CORPUS_ALL=1``."""

import pytest

from tests import corpus
from tests.cases import Case
from tests.corpus import Entry, entries, load, sample, supplement
from tests.laws import LAWS
from tests.wires import WIRES

NEEDED = pytest.mark.skipif(corpus.root() is None, reason=corpus.ABSENT)


def chosen() -> list[Entry]:
    groups: dict[tuple[str, bool, bool], list[Entry]] = {}
    for entry in entries():
        groups.setdefault((entry.dialect, entry.stream, entry.status >= 400), []).append(entry)
    picked = [found for group in groups.values() for found in sample(tuple(group), 8)]
    return [*picked, *supplement()]


@NEEDED
@pytest.mark.parametrize("entry", chosen(), ids=lambda entry: entry.file)
def test_every_law_holds_for_a_recording_in_three_directions(entry: Entry) -> None:
    recording, source = load(entry), WIRES[entry.dialect]
    wrong: list[str] = []
    for target in WIRES.values():
        for name, law in LAWS.items():
            found = law(Case(recording, source, target)) or []
            wrong += [f"{name}, to {target.dialect.name}: {line}" for line in found]
    assert wrong == []
