"""The pages that the proxy answers by itself."""

__all__: list[str] = []
