"""Flags, environment and TOML in; a :class:`~openaiproxy.profile.Config` or every mistake out.

Start at :func:`openaiproxy.config.load.load`. One table, :mod:`openaiproxy.config.settings`, says
what can be set; flags, variables, TOML keys and the printed configuration all derive from it.
"""

__all__: list[str] = []
