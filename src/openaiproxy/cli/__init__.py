"""The command line ``openaiproxy``: thin over twistd, with the same options as its plugin.

Start at :mod:`openaiproxy.cli.commands`.
"""

__all__: list[str] = []
