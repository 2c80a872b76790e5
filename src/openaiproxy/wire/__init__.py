"""Bytes and their framing: targets, headers, server-sent events, JSON. No sockets here, and no dialect."""

__all__: list[str] = []
