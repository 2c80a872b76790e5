"""The figures: what was tried on recorded traffic, and what came of it.

``python -m tests.report`` runs every law and the oracle over every recording in every direction,
and prints what it saw as reStructuredText. ``--write`` puts it, after the tables of fields, into
``docs/dialects.rst``; ``--fields`` writes the tables and leaves the figures as they were.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from attrs import define, field

from openaiproxy.dialects.table import rst
from openaiproxy.errors import BadRequest
from openaiproxy.hub.events import Fault
from openaiproxy.hub.loss import Loss
from tests import corpus
from tests.cases import Case, answered
from tests.corpus import Entry, entries, load, supplement
from tests.laws import LAWS, TRIED
from tests.test_oracle import disagreements
from tests.tolerated import TOLERATED
from tests.wires import WIRES

__all__ = ["DOCUMENT", "Figures", "figures", "main", "tables"]

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "dialects.rst"

_MARK = "\nFigures\n=======\n"

_HEAD = """\
The dialects, field by field
============================

What becomes of each field of the three wires. The tables are printed from the ``fields.py`` of each
dialect, which is what the code reads too. *Mapped*: the hub has a word for it, and so has another
dialect. *Emulated*: where the other wire has no word, the proxy does what it asks for. *Passed*:
whole to its own dialect, a loss elsewhere. *Remade*: bookkeeping that each writer makes anew.
*Lost*: named as a loss wherever it is read.

"""


@define
class Figures:
    """Counts, by law and direction."""

    files: Counter[str] = field(factory=Counter)
    tried: Counter[tuple[str, str, str]] = field(factory=Counter)
    held: Counter[tuple[str, str, str]] = field(factory=Counter)
    losses: Counter[tuple[str, str, str, str, bool]] = field(factory=Counter)
    broken: dict[tuple[str, str], str] = field(factory=dict)

    def note(self, law: str, case: Case, found: list[str] | None) -> None:
        """Count what a law said of a case."""
        if found is None:
            return
        key = (law, case.source.dialect.name, case.target.dialect.name)
        self.tried[key] += 1
        self.held[key] += not found
        if found:
            self.broken.setdefault((case.recording.entry.file, law), found[0])


def figures(chosen: Iterable[Entry]) -> Figures:
    """Try everything on these recordings."""
    made = Figures()
    for entry in chosen:
        recording, source = load(entry), WIRES[entry.dialect]
        kind = "error" if entry.status >= 400 else "stream" if entry.stream else "whole"
        made.files[f"{entry.dialect}, {kind}"] += 1
        for target in WIRES.values():
            case = Case(recording, source, target)
            for name, law in LAWS.items():
                made.note(name, case, law(case))
            if entry.status < 400:
                made.note("oracle", case, disagreements(entry, target.dialect.name))
            for where, loss in _lost(case):
                path = re.sub(r"\[\d+\]", "[]", loss.path)
                key = (where, source.dialect.name, target.dialect.name, path, loss.hint)
                made.losses[key] += 1
    return made


def _lost(case: Case) -> list[tuple[str, Loss]]:
    """Each path once for a recording."""
    if case.same or case.recording.entry.status >= 400:
        return []
    found: dict[tuple[str, str, bool], Loss] = {}
    if case.recording.request is not None:
        try:
            made = case.target.dialect.render_request(case.asked()).losses
        except BadRequest:
            made = ()
        found |= {("request", _plain(loss), loss.hint): loss for loss in made}
    reply = answered(case, case.context())
    if not isinstance(reply, Fault):
        told = case.target.dialect.render_reply(reply, case.context()).losses
        found |= {("answer", _plain(loss), loss.hint): loss for loss in told}
    return [(where, loss) for (where, _, _), loss in found.items()]


def _plain(loss: Loss) -> str:
    return re.sub(r"\[\d+\]", "[]", loss.path)


def tables() -> str:
    """Every dialect's tables, as they stand in the code."""
    found = [table for wire in WIRES.values() for table in wire.dialect.tables]
    return _HEAD + "\n".join(rst(table) for table in found)


def _grid(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (head, *rows):
        for number, cell in enumerate(row):
            lines.append(f"{'   *' if number == 0 else '    '} - {cell}".rstrip())
    return [*lines, ""]


def document(made: Figures) -> str:
    """The figures as reStructuredText."""
    lines = ["Recordings tried", "----------------", ""]
    lines += _grid(("recordings", "files"), sorted(made.files.items()))
    lines += ["Laws", "----", "", "How many recordings a law was tried on, and held for.", ""]
    rows: list[tuple[object, ...]] = []
    for (law, source, target), tried in sorted(made.tried.items()):
        rows.append((law, f"{source} to {target}", tried, made.held[law, source, target]))
    lines += _grid(("law", "direction", "tried", "held"), rows)
    cuts = ", ".join(f"{count:,} to {name}" for name, count in sorted(TRIED.items()))
    lines += [f"Truncations tried: {cuts}.", ""]
    lines += [
        "Tolerated",
        "---------",
        "",
        "Where a vendor's description is not taken by its word.",
    ]
    rules = [(rule.about.pattern, f"``{rule.line.pattern}``", rule.why) for rule in TOLERATED]
    lines += ["", *_grid(("of", "error", "reason"), rules)]
    lines += ["Violations", "----------", ""]
    broken = [(f"``{f}``", law, f"``{why}``") for (f, law), why in sorted(made.broken.items())]
    lines += _grid(("file", "law", "first"), broken) if broken else ["None.", ""]
    lines += ["Losses by path", "--------------", "", "In how many recordings; five at least.", ""]
    rows = [
        (where, f"{source} to {target}", f"``{path}``", "yes" if hint else "no", count)
        for (where, source, target, path, hint), count in sorted(made.losses.items())
        if count >= 5
    ]
    lines += _grid(("of", "direction", "path", "hint", "files"), rows)
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print or write the figures; the status is 1 if a law was violated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put all of it into the document")
    parser.add_argument("--fields", action="store_true", help="only renew the document's tables")
    parser.add_argument("--quick", action="store_true", help="a sample of cuts and bytes only")
    options = parser.parse_args(arguments)
    if options.fields:
        kept = DOCUMENT.read_text().partition(_MARK)[2] if DOCUMENT.exists() else ""
        DOCUMENT.write_text(f"{tables()}{_MARK}{kept}")
        return 0
    if corpus.root() is None:
        print(corpus.ABSENT, file=sys.stderr)
        return 2
    corpus.ALL = not options.quick
    made = figures((*entries(), *supplement()))
    told = document(made)
    print(told)
    if options.write:
        DOCUMENT.write_text(f"{tables()}{_MARK}\n{told}")
    return int(bool(made.broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
