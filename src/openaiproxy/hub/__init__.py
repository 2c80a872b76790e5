"""The words in which dialects meet: parts, requests, events, and the one order in which events may
come."""

__all__: list[str] = []
