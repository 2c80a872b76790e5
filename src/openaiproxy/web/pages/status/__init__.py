"""The operator's status page."""

__all__: list[str] = []
