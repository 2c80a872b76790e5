"""openaiproxy: a streaming proxy between OpenAI or Anthropic clients and OpenAI."""

__all__: list[str] = []
