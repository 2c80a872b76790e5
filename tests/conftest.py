"""What holds for all tests: generated examples are the same in every run, and no secret is told anywhere."""

from typing import Any

from hypothesis import settings

from tests.sweep import SWEEP, Plugin

settings.register_profile("same", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("same")


def pytest_configure(config: Any) -> None:
    """Have the session swept (``tests/sweep.py``)."""
    config.pluginmanager.register(Plugin(SWEEP), "openaiproxy-sweep")
