"""What the simplified endpoints mean: their fields, their rules, their words. Bytes and JSON in, and out."""

__all__: list[str] = []
