"""The dialect of OpenAI's Chat Completions, and of the many who speak it in their own way."""

__all__: list[str] = []
