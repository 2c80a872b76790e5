"""The side that faces the caller: Resource trees, one request's life, and the pump that streams its answer."""

__all__: list[str] = []
