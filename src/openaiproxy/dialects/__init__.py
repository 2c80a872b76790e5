"""The wire dialects, each of which knows itself and the hub, and none of which knows another."""

__all__: list[str] = []
