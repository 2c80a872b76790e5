"""The options of one command line, as values to keep and as arguments to hand on."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from openaiproxy.cli.state import Value
from openaiproxy.config.settings import flags

__all__ = ["arguments", "given", "secrets_in"]


def given(options: Mapping[str, object]) -> dict[str, Value]:
    """The settings among a command's options that were given."""
    found: dict[str, Value] = {}
    for flag in flags():
        value = options.get(flag.name)
        if flag.name == "print-config" or not value:
            continue
        if not flag.takes_value:
            found[flag.name] = True
        else:
            found[flag.name] = (
                [str(one) for one in value] if isinstance(value, list) else str(value)
            )
    return found


def arguments(saved: Mapping[str, Value]) -> list[str]:
    """The same as arguments. What is no option any more is left out."""
    known, found = {flag.name for flag in flags()}, []
    for name, value in saved.items():
        if name not in known:
            continue
        if value is True:
            found.append(f"--{name}")
        else:
            values = value if isinstance(value, list) else [str(value)]
            found += [f"--{name}={one}" for one in values]
    return found


def secrets_in(saved: Mapping[str, Value]) -> list[str]:
    """Sentences about options that hold a password, and would show it in the process list."""
    return [
        f"--{name} holds a password, which others can read in the process list:"
        f" set OPENAIPROXY_{name.upper().replace('-', '_')} in the environment, or a configuration file"
        for name, value in saved.items()
        if isinstance(value, str) and _has_password(name, value)
    ]


def _has_password(name: str, value: str) -> bool:
    if name == "proxy" and "://" not in value:
        return "@" in value  # A proxy's URL may go without its scheme.
    try:
        return "@" in urlsplit(value).netloc
    except ValueError:
        return False
