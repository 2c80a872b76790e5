"""The list of models that a port shows: read, changed, and written for whoever asks. Pure."""

__all__: list[str] = []
