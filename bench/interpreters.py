"""Interpreters that have the packages of a peer: this one, one that is named, or a temporary environment."""

import importlib.metadata
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

__all__ = ["find_python", "versions_at"]


def find_python(requirements: Sequence[str], given: str | None, folder: Path) -> str | None:
    """An interpreter that has what is required; a temporary one is made below the folder where this one has not.

    :param requirements: of pip, such as ``uvicorn[standard]`` or ``name==1.0``.
    :param given: the one to use, unchecked.
    :returns: ``None`` where it can't be made.
    """
    if given is not None:
        return given
    if all(_is_here(requirement) for requirement in requirements):
        return sys.executable
    print(f"installing {', '.join(requirements)} into a temporary environment", flush=True)
    where = folder / f"venv-{_name_of(requirements[0])}"
    venv.create(where, with_pip=True)
    python = str(where / "bin" / "python")
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements]
    return python if subprocess.run(install, timeout=180, check=False).returncode == 0 else None


def versions_at(python: str, *packages: str) -> str:
    """Names and versions of an interpreter's packages, for the head of a report."""
    ask = "import sys, importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    said = subprocess.run(
        [python, "-c", ask, *packages], capture_output=True, text=True, check=True
    )
    return said.stdout.strip()


def _name_of(requirement: str) -> str:
    return requirement.partition("==")[0].partition("[")[0]


def _is_here(requirement: str) -> bool:
    version = requirement.partition("==")[2]
    try:
        found = importlib.metadata.version(_name_of(requirement))
    except importlib.metadata.PackageNotFoundError:
        return False
    return not version or version == found
