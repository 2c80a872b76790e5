"""What a start imports: a process that relays has no use for what other profiles need."""

import subprocess
import sys

import pytest

#: Parts that are imported where they are asked for.
_LATER = ("openaiproxy.upstream.embedded.", "openaiproxy.workers.", "openaiproxy.web.simple.")


@pytest.fixture(scope="module")
def imported() -> list[str]:
    """The names of all modules that the service's own module brings."""
    ask = "import sys, openaiproxy.tap; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return said.stdout.split()


@pytest.mark.parametrize("part", _LATER)
def test_what_only_some_processes_need_is_not_imported_at_the_start(
    imported: list[str], part: str
) -> None:
    assert "openaiproxy.web.ports" in imported
    assert [name for name in imported if name.startswith(part)] == []
