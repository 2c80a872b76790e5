"""The wire of OpenAI's Responses: items in, items out, and a stream that numbers everything."""

__all__: list[str] = []
