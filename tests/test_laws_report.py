"""The document is what the code says; the report counts what it saw."""

import pytest

from tests import corpus
from tests.corpus import entries
from tests.report import DOCUMENT, document, figures, tables

NEEDED = pytest.mark.skipif(corpus.root() is None, reason=corpus.ABSENT)


def test_the_document_of_fields_is_printed_from_the_tables_18() -> None:
    assert DOCUMENT.read_text().startswith(tables())


@NEEDED
def test_the_report_counts_files_laws_and_losses() -> None:
    some = [entry for entry in entries() if entry.size < 5_000][:4]
    made = figures(some)
    assert sum(made.files.values()) == len(some)
    assert made.tried["fold", some[0].dialect, "messages"] >= 1
    text = document(made)
    assert "Losses by path" in text
    assert f"{some[0].dialect}, whole" in text
