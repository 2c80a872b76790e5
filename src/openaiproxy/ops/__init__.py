"""What the operator sees: logs and request ids."""

__all__: list[str] = []
