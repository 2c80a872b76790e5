"""The whole way over loopback: the vendor's SDK, a port of ours, the stand-in upstream."""

import pytest

pytest.register_assert_rewrite("tests.e2e.house", "tests.e2e.wiretap")
