"""Anthropic Messages."""

__all__: list[str] = []
