"""Several processes on the same ports: a parent that owns the sockets, and workers that serve.

Start at :mod:`openaiproxy.workers.crew`.
"""

__all__: list[str] = []
