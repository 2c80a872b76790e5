"""What the backend behind a ChatGPT login of Codex wants, gives and refuses. Pure: nothing here
opens a file or a connection, and no credential is held."""

__all__ = ["account", "items", "limits", "models", "refusals", "requests", "targets"]
