"""A stand-in for OpenAI's API: deterministic, and able to misbehave on request. Start at ``door``."""

__all__: list[str] = []
