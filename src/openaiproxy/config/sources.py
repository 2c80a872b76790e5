"""What was said where, before anyone asks what it means.

Flags, the environment (with ``.env.local`` and ``.env`` behind it) and the configuration file are
each turned into :class:`Given` values, which know their place. Asking :class:`Sources` for a
setting gives the one that counts: a flag before a variable, a variable before the file. Nothing
here parses a value.

A variable that is set to nothing is not set, but hides the same one in ``.env``, as a shell user
expects.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from io import StringIO
from pathlib import Path

from attrs import field, frozen
from dotenv import dotenv_values

from openaiproxy.config.ledger import Ledger, did_you_mean
from openaiproxy.config.setting import VARIABLE_PREFIX, Setting
from openaiproxy.config.settings import BY_FLAG, SETTINGS

__all__ = [
    "Given",
    "Level",
    "Listen",
    "Outside",
    "Reading",
    "Sources",
    "Written",
    "expand",
    "read_environment",
    "read_flags",
    "why",
]


@frozen
class Outside:
    """The world around, as arguments.

    :param environ: the process's variables.
    :param cwd: the working directory, absolute.
    :param read_text: gives a file's text; raises :class:`OSError` or :class:`UnicodeError`.
    :param file_mode: gives a file's mode as ``stat`` has it; only the permissions count.
    :param bind_hosts: gives the hosts that an endpoint binds (``""`` for all, ``unix`` for a
        socket file), or none if they can't be known; raises :class:`ValueError` with what is wrong
        with the endpoint.
    :param resolve: gives a host's addresses; raises :class:`OSError`.
    """

    environ: Mapping[str, str] = field(repr=False)
    cwd: Path
    read_text: Callable[[Path], str]
    file_mode: Callable[[Path], int]
    bind_hosts: Callable[[str], Sequence[str]]
    resolve: Callable[[str], Sequence[str]]


class Level(IntEnum):
    """Who is heard first."""

    FLAG = 0
    ENVIRONMENT = 1
    ENV_LOCAL = 2
    ENV = 3
    FILE = 4


@frozen
class Given:
    """A raw value and its place.

    :param where: the flag, variable or file and key, for messages.
    :param base: the folder that a relative path in it starts from.
    :param variable: the variable's name, if it is one.
    """

    raw: object = field(repr=False)
    where: str
    level: Level
    base: Path
    variable: str = ""


@frozen
class Listen:
    """One ``[[listen]]`` of the file, complete."""

    profile: str
    endpoint: str
    where: str


@frozen
class Written:
    """A configuration file, sorted but not understood.

    :param process: values by setting name, from the top level and ``[logging]``.
    :param profiles: for each ``[profiles.NAME]``, values by setting name.
    :param presets: the preset that each of them starts from.
    :param listens: its ports.
    """

    process: Mapping[str, Given] = field(factory=dict)
    profiles: Mapping[str, Mapping[str, Given]] = field(factory=dict)
    presets: Mapping[str, str] = field(factory=dict)
    listens: tuple[Listen, ...] = ()


@frozen
class Sources:
    """All that was said."""

    flags: Mapping[str, Given]
    environment: Mapping[str, Given]
    written: Written = Written()

    def find(
        self,
        setting: Setting,
        honoured: frozenset[str] = frozenset(),
        profile: str | None = None,
    ) -> Given | None:
        """The value that counts.

        :param honoured: customary variables to look at, beside the setting's own.
        :param profile: whose table in the file to look at; ``None`` for the process's own part.
        """
        if given := self.flags.get(setting.name) or self.variable(setting, honoured):
            return given
        if profile is None:
            return self.written.process.get(setting.name)
        return self.written.profiles.get(profile, {}).get(setting.name)

    def variable(self, setting: Setting, honoured: frozenset[str]) -> Given | None:
        """The variable that counts: by place (real, ``.env.local``, ``.env``), then by name."""
        names = (setting.variable, *(one for one in setting.environment if one in honoured))
        found = [self.environment[one] for one in names if one in self.environment]
        return min(found, key=lambda given: given.level, default=None)


@frozen
class Reading:
    """What was said, the world around, and the ledger to write in."""

    sources: Sources
    outside: Outside
    ledger: Ledger


def why(error: OSError | UnicodeError) -> str:
    """Why a file couldn't be read, without a word of what stands in it."""
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or type(error).__name__})"
    return "isn't UTF-8 text"


def expand(path: Path, base: Path, environ: Mapping[str, str]) -> Path:
    """The absolute path, since twistd may change its working directory later."""
    home = environ.get("HOME")
    if home and path.parts[:1] == ("~",):
        return Path(home, *path.parts[1:])
    return base / path


def read_flags(flags: Mapping[str, object], cwd: Path, ledger: Ledger) -> dict[str, Given]:
    """The flags that were given, by their settings' names; the others are ``None``, an empty list,
    or 0 for a switch."""
    given: dict[str, Given] = {}
    for name, raw in flags.items():
        setting = BY_FLAG.get(name)
        switched = setting is not None and setting.switch
        if name == "print-config" or raw is None or raw == [] or (switched and not raw):
            continue
        if setting is None:
            ledger.mistake(f"--{name}", f"unknown flag; {did_you_mean(name, BY_FLAG)}")
            continue
        if switched:
            raw = name == setting.name
        one = Given(raw, f"--{name}", Level.FLAG, cwd)
        if given.setdefault(setting.name, one) is not one:
            ledger.mistake(one.where, f"says the same as {given[setting.name].where}: expected one")
    return given


_LAYERS = (
    (".env", Level.ENV),
    (".env.local", Level.ENV_LOCAL),
)


def read_environment(outside: Outside, ledger: Ledger) -> dict[str, Given]:
    """All variables that hold something, the files' behind the real ones."""
    merged: dict[str, Given] = {}
    for file, level in _LAYERS:
        for name, value in _dotenv(outside, file, ledger).items():
            where = f"{outside.cwd / file}: {name}"
            merged[name] = Given(value, where, level, outside.cwd, name)
    for name, value in outside.environ.items():
        where = f"environment {name}"
        merged[name] = Given(value, where, Level.ENVIRONMENT, outside.cwd, name)
    given = {name: one for name, one in merged.items() if one.raw and not _is_link(one)}
    _check_names(given, ledger)
    return given


def _dotenv(outside: Outside, file: str, ledger: Ledger) -> Mapping[str, str | None]:
    path = outside.cwd / file
    try:
        content = outside.read_text(path)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeError) as error:
        ledger.mistake(str(path), why(error))
        return {}
    return dotenv_values(stream=StringIO(content), interpolate=False)


# Kubernetes gives every container OPENAIPROXY_PORT=tcp://10.0.0.7:4567 and the like where a
# Service has our name.
_LINK = re.compile(
    re.escape(VARIABLE_PREFIX)
    + r"(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)"
)


def _is_link(given: Given) -> bool:
    if given.variable == f"{VARIABLE_PREFIX}PORT":
        return str(given.raw).startswith(("tcp://", "udp://", "sctp://"))
    return _LINK.fullmatch(given.variable) is not None


def _check_names(given: Mapping[str, Given], ledger: Ledger) -> None:
    known = {setting.variable.removeprefix(VARIABLE_PREFIX) for setting in SETTINGS}
    for variable, one in given.items():
        name = variable.removeprefix(VARIABLE_PREFIX)
        if name != variable and name not in known:
            hint = did_you_mean(name, known, VARIABLE_PREFIX)
            ledger.mistake(one.where, f"unknown variable; {hint}")
