"""``python -m openaiproxy`` is ``openaiproxy``."""

from openaiproxy.cli.commands import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
