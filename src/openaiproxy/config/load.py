"""From what was said to a :class:`~openaiproxy.profile.Config`, in four steps.

1. Read the flags, the environment and the configuration file (:mod:`~openaiproxy.config.sources`).
2. Find out which ports are wanted (:mod:`~openaiproxy.config.ports`).
3. Build every profile that is declared or wanted (:mod:`~openaiproxy.config.build`).
4. Check what must hold of all together (:mod:`~openaiproxy.config.rules`).

Every step goes on after a mistake; at the end all of them are raised together. Nothing is touched
but what comes in as an argument.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import evolve

from openaiproxy.config.build import build
from openaiproxy.config.fields import lay
from openaiproxy.config.ledger import Ledger
from openaiproxy.config.operator import find_operator
from openaiproxy.config.ports import find_listens
from openaiproxy.config.rules import Opening, check, find_hosts
from openaiproxy.config.setting import Scope
from openaiproxy.config.settings import CONFIG, SETTINGS
from openaiproxy.config.sources import (
    Outside,
    Reading,
    Sources,
    expand,
    read_environment,
    read_flags,
)
from openaiproxy.config.toml import read_file
from openaiproxy.config.values import KEY_REFUSED, file_path
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Config, Operator, Port

__all__ = ["load"]


def load(
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    read_text: Callable[[Path], str],
    cwd: Path,
    bind_hosts: Callable[[str], Sequence[str]],
    resolve: Callable[[str], Sequence[str]],
    file_mode: Callable[[Path], int],
) -> Config:
    """The whole configuration.

    :param flags: values by flag name; ``None`` and ``[]`` mean that a flag wasn't given.
    :param environ: the real environment; ``.env.local`` and ``.env`` in ``cwd`` stand behind it.
    :param read_text: gives a file's text; raises :class:`OSError` or :class:`UnicodeError`.
    :param cwd: the working directory, absolute.
    :param bind_hosts: gives the hosts that an endpoint's description binds (``""`` for all of them,
        ``unix`` for a socket file, an empty list if they can't be known); raises
        :class:`ValueError` with what is wrong with the description.
    :param resolve: gives a host's addresses as text; raises :class:`OSError`. Asked only where a
        rule hangs on the answer.
    :param file_mode: gives a file's mode as ``stat`` has it; only the permissions count.
    :raises openaiproxy.errors.Misconfigured: with every mistake, one a line.
    """
    outside = Outside(environ, cwd, read_text, file_mode, bind_hosts, resolve)
    ledger = Ledger()
    reading = Reading(_read(flags, outside, ledger), outside, ledger)
    config = _configure(reading)
    ledger.settle()
    return config


def _read(flags: Mapping[str, object], outside: Outside, ledger: Ledger) -> Sources:
    given = read_flags(flags, outside.cwd, ledger)
    for setting in SETTINGS:
        if setting.scope is Scope.SECRET and setting.name in given:
            ledger.mistake(f"--{setting.name}", KEY_REFUSED)
    sources = Sources(given, read_environment(outside, ledger))
    config = sources.find(CONFIG)
    if config is None:
        return sources
    try:
        path = expand(file_path(config.raw), config.base, outside.environ)
    except ValueError as error:
        ledger.fail(config.where, str(error))
    return evolve(sources, written=read_file(path, outside.read_text, ledger))


def _configure(reading: Reading) -> Config:
    declared = reading.sources.written.presets
    known = {**PRESETS, **{name: PRESETS[preset] for name, preset in declared.items()}}
    listens = find_listens(reading, known)
    wanted = dict.fromkeys([*(listen.profile for listen in listens), *declared])
    built = {name: build(reading, name, known[name]) for name in wanted}
    openings = [
        Opening(listen, built[listen.profile], find_hosts(listen, reading)) for listen in listens
    ]
    check(openings, reading)
    operator = find_operator(reading, openings)
    for name in declared.keys() - {listen.profile for listen in listens}:
        reading.ledger.warn(f"[profiles.{name}]", "no port opens it")
    return _assemble(openings, operator, reading)


def _assemble(openings: Sequence[Opening], operator: Operator, reading: Reading) -> Config:
    config = Config(ports=(), operator=operator)
    origins = reading.ledger.origins
    honoured = frozenset().union(*(one.built.preset.environment for one in openings))
    for setting in SETTINGS:
        if setting.field and setting.scope in (Scope.PROCESS, Scope.LOGGING):
            given = reading.sources.find(setting, honoured)
            origins[setting.field] = given.where if given else "default"
            config = lay(config, setting, given, reading)
    ports = []
    for number, opening in enumerate(openings, 1):
        origins[f"listen.{number}"] = opening.listen.where
        ports.append(Port(opening.listen.endpoint, opening.built.profile))
    return evolve(
        config,
        ports=tuple(ports),
        warnings=tuple(reading.ledger.warnings),
        presets={one.listen.profile: one.built.preset.profile.name for one in openings},
        origins=dict(origins),
    )
