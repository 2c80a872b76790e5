"""The side that faces the upstream: the treq client, its connections, and the embedded stand-in."""

__all__: list[str] = []
