"""What a setting is; :mod:`openaiproxy.config.settings` is the table of them."""

from enum import Enum, auto

from attrs import frozen

from openaiproxy.config.values import Parser

__all__ = ["VARIABLE_PREFIX", "Flag", "Scope", "Setting"]

VARIABLE_PREFIX = "OPENAIPROXY_"


class Scope(Enum):
    """What a setting is about, and so which part of a configuration file may hold it."""

    COMMAND = auto()
    """One run of the process; the file has no key for it."""
    PROCESS = auto()
    """The process: the file's top level."""
    LOGGING = auto()
    """The process's log: the file's ``[logging]``."""
    OPERATOR = auto()
    """What is for the operator alone: the file's ``[operator]``."""
    PROFILE = auto()
    """A profile: ``[profiles.NAME]``. A flag or variable sets it for every profile."""
    SECRET = auto()
    """A key: variables only. Flag and file know it only to refuse it."""


_PREFIXES = {Scope.LOGGING: "log-", Scope.OPERATOR: "operator-"}


@frozen
class Setting:
    """One row.

    :param parse: raw value to value; raises :class:`ValueError` with what was expected.
    :param field: where the value stands in a :class:`~openaiproxy.profile.Profile`
        (``limits.body``) or a :class:`~openaiproxy.profile.Config`; empty if nowhere by itself.
    :param help: a line for ``--help``.
    :param environment: customary variables, in order, after its own.
    :param repeatable: whether the flag may stand several times.
    :param shown: whether a mistake may repeat what was given (no, where it might hold a secret).
    :param absent: the word for ``None``.
    :param also: other names of its flag.
    :param switch: whether the flag takes no value, and has an opposite, ``--no-NAME``.
    :param customary: reads its customary variables, where they have another unit; what it can't read counts for
        nothing there, and is warned of.
    """

    name: str
    parse: Parser
    field: str
    help: str
    scope: Scope = Scope.PROFILE
    environment: tuple[str, ...] = ()
    repeatable: bool = False
    shown: bool = True
    absent: str = "none"
    also: tuple[str, ...] = ()
    switch: bool = False
    customary: Parser | None = None

    @property
    def variable(self) -> str:
        """Its own variable."""
        return VARIABLE_PREFIX + self.name.upper().replace("-", "_")

    @property
    def flags(self) -> "tuple[Flag, ...]":
        """Its own flag, and those beside it."""
        if self.switch:
            opposite = Flag(f"no-{self.name}", f"Not --{self.name}.", takes_value=False)
            return (Flag(self.name, self.help, takes_value=False), opposite)
        others = (Flag(name, f"The same as --{self.name}.") for name in self.also)
        return (Flag(self.name, self.help, repeatable=self.repeatable), *others)

    @property
    def key(self) -> str:
        """Its key in the part of a configuration file that its scope names."""
        return self.name.removeprefix(_PREFIXES.get(self.scope, ""))


@frozen
class Flag:
    """A flag of the command line.

    :param takes_value: ``False`` for a switch.
    :param repeatable: whether its values are collected in a list.
    """

    name: str
    help: str
    takes_value: bool = True
    repeatable: bool = False
