"""Clients by upstreams by cases: does any client meet any upstream?

``python -m tests.matrix`` prints the table; :mod:`tests.e2e.test_matrix` asks the same of pytest.
"""

__all__: list[str] = []
