"""The configuration file: which table may hold which key.

::

    drain = 30                       # settings of the process, at the top
    [logging]
    file = "/var/log/openaiproxy.log"
    [operator]
    port = 9464

    [profiles.team]                  # a profile: a preset, and what differs from it
    preset = "keyed"
    client-keys-file = "keys"

    [[listen]]                       # a port
    profile = "team"
    endpoint = "tcp:18443:interface=127.0.0.1"

A table ``[profiles.NAME]`` whose name is a preset's need not say which one it starts from. Only
structure is judged here; what the values mean is the settings' affair.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from attrs import define, field

from openaiproxy.config.ledger import Ledger, did_you_mean
from openaiproxy.config.setting import Scope, Setting
from openaiproxy.config.settings import BY_NAME, SETTINGS
from openaiproxy.config.sources import Given, Level, Listen, Written, why
from openaiproxy.config.values import KEY_REFUSED, NAME
from openaiproxy.presets import PRESETS

__all__ = ["read_file"]

_KEYS: Mapping[Scope, Mapping[str, Setting]] = {
    scope: {setting.key: setting for setting in SETTINGS if setting.scope is scope}
    for scope in Scope
}


def read_file(path: Path, read_text: Callable[[Path], str], ledger: Ledger) -> Written:
    """Sort a configuration file.

    :param path: absolute.
    :raises openaiproxy.errors.Misconfigured: if it can't be read or isn't TOML.
    """
    try:
        document = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        ledger.fail(str(path), f"isn't TOML: {error}")
    except (OSError, UnicodeError) as error:
        ledger.fail(str(path), why(error))
    return _Sorting(path, ledger).sort(document)


@define
class _Sorting:
    path: Path
    ledger: Ledger
    process: dict[str, Given] = field(factory=dict)
    profiles: dict[str, Mapping[str, Given]] = field(factory=dict)
    presets: dict[str, str] = field(factory=dict)
    listens: list[Listen] = field(factory=list)

    def sort(self, document: Mapping[str, object]) -> Written:
        """The whole document."""
        parts: dict[str, Callable[[object], None]] = {
            "profiles": self._sort_profiles,
            "listen": self._sort_listens,
            "logging": partial(self._sort_section, "logging", Scope.LOGGING),
            "operator": partial(self._sort_section, "operator", Scope.OPERATOR),
        }
        plain = {key: raw for key, raw in document.items() if key not in parts}
        self.process.update(self._settings("", plain, Scope.PROCESS, parts))
        for key, sort in parts.items():
            if key in document:
                sort(document[key])
        return Written(self.process, self.profiles, self.presets, tuple(self.listens))

    def _sort_section(self, name: str, scope: Scope, raw: object) -> None:
        self.process.update(self._settings(name, self._table(name, raw), scope))

    def _sort_profiles(self, raw: object) -> None:
        for name, inner in self._table("profiles", raw).items():
            place = f"profiles.{name}"
            if not NAME.fullmatch(name):
                self._mistake(place, "expected a name of letters, digits, - and _")
                continue
            table = dict(self._table(place, inner))
            self.presets[name] = self._preset(name, table.pop("preset", name))
            self.profiles[name] = self._settings(place, table, Scope.PROFILE, ["preset"])

    def _preset(self, name: str, preset: object) -> str:
        if isinstance(preset, str) and preset in PRESETS:
            return preset
        hint = did_you_mean(str(preset), PRESETS)
        self._mistake(f"profiles.{name}.preset", f"expected a preset's name; {hint}")
        return next(iter(PRESETS))

    def _sort_listens(self, raw: object) -> None:
        if not isinstance(raw, list):
            self._mistake("listen", "expected tables, each under [[listen]]")
            return
        for number, inner in enumerate(raw, 1):
            place = f"listen.{number}"
            table = self._table(place, inner)
            for key in table.keys() - {"profile", "endpoint"}:
                hint = did_you_mean(key, ("profile", "endpoint"))
                self._mistake(f"{place}.{key}", f"unknown key; {hint}")
            words = [
                self._word(f"{place}.{key}", table.get(key)) for key in ("profile", "endpoint")
            ]
            if all(words):
                self.listens.append(Listen(words[0], words[1], self._where(place)))

    def _word(self, place: str, raw: object) -> str:
        if isinstance(raw, str) and raw.strip():
            return raw.strip()
        self._mistake(place, "expected text")
        return ""

    def _table(self, place: str, raw: object) -> Mapping[str, object]:
        if isinstance(raw, dict):
            return raw
        self._mistake(place, "expected a table")
        return {}

    def _settings(
        self,
        place: str,
        table: Mapping[str, object],
        scope: Scope,
        others: Iterable[str] = (),
    ) -> dict[str, Given]:
        known = _KEYS[scope]
        given = {}
        for key, raw in table.items():
            dotted = f"{place}.{key}" if place else key
            if key in known:
                where = self._where(dotted)
                given[known[key].name] = Given(raw, where, Level.FILE, self.path.parent)
            else:
                self._mistake(dotted, _astray(key, [*known, *others]))
        return given

    def _where(self, place: str) -> str:
        return f"{self.path}: {place}"

    def _mistake(self, place: str, what: str) -> None:
        self.ledger.mistake(self._where(place), what)


def _astray(key: str, known: Iterable[str]) -> str:
    """What to say of a key that has no place where it stands."""
    match BY_NAME.get(key):
        case Setting(scope=Scope.SECRET):
            return KEY_REFUSED
        case Setting(scope=Scope.PROFILE):
            return "belongs in a [profiles.NAME]"
        case Setting(scope=Scope.PROCESS):
            return "belongs at the top of the file"
        case Setting(scope=Scope.LOGGING) as setting:
            return f"belongs in [logging], as {setting.key}"
        case Setting(scope=Scope.OPERATOR) as setting:
            return f"belongs in [operator], as {setting.key}"
    return f"unknown key; {did_you_mean(key, known)}"
