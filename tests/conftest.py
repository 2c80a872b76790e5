"""What holds for all tests: generated examples are the same in every run, and the end tells how many
recordings kept the laws."""

import re
from typing import Any

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("same")

_LAW = re.compile(
    r"tests/(test_laws|test_oracle|test_schemas)\.py::[^\[]+\[.*?(\w+/\w+/[^\]]+?\.json)"
)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Counts, for each set of laws, the recordings that kept and that broke one."""
    kept: dict[str, set[str]] = {}
    broken: dict[str, set[str]] = {}
    for outcome, counted in (("passed", kept), ("failed", broken)):
        for report in terminalreporter.stats.get(outcome, ()):
            found = _LAW.match(report.nodeid)
            if found:
                counted.setdefault(found[1], set()).add(found[2])
    for name in sorted({*kept, *broken}):
        files, wrong = kept.get(name, set()), broken.get(name, set())
        terminalreporter.write_line(
            f"{name}: {len(files | wrong)} recordings, {len(wrong)} in breach"
        )
    if kept or broken:
        terminalreporter.write_line(
            "figures of all recordings: docs/dialects.rst, python -m tests.report"
        )
