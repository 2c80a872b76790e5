"""The courses of the simplified endpoints."""

__all__: list[str] = []
