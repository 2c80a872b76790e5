"""The user's own Codex login: read from its file, refreshed in time, and written back so that nothing is lost."""

__all__ = ["claims", "disk", "document", "lock", "login", "patience", "renewal", "spent", "tokens"]
