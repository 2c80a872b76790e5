"""A stand-in for the APIs of OpenAI and Anthropic: deterministic, and able to misbehave on request.

Start at ``door``.
"""

__all__: list[str] = []
