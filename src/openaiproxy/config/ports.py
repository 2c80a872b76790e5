"""Which ports are to be opened, with which profile.

``--profile`` and ``--port`` speak of one port, ``--listen`` of any number. Whoever speaks first
decides (a flag before a variable before the file); where one source says both, both hold. If
nobody says anything, the preset ``gateway`` opens at its own place. ``--host`` moves the one port
to another address.
"""

import re
from collections.abc import Mapping

from openaiproxy.config.fields import value_of
from openaiproxy.config.ledger import did_you_mean
from openaiproxy.config.settings import HOST, LISTEN, PORT, PROFILE
from openaiproxy.config.sources import Level, Listen, Reading
from openaiproxy.presets import Preset

__all__ = ["find_listens", "tcp_port"]

FIRST = "gateway"


def find_listens(reading: Reading, presets: Mapping[str, Preset]) -> list[Listen]:
    """The ports to open. Those that name no known profile are left out, beside a mistake.

    :param presets: what each profile that may be named starts from.
    """
    several_level, several = _several(reading)
    single_level, single = _single(reading, presets)
    if several_level is None:
        wanted = single
    elif single_level is None or several_level < single_level:
        wanted = several
    elif single_level < several_level:
        _check_meant(several, reading)
        wanted = single
    else:
        wanted = [*single, *several]
    return [listen for listen in wanted if _is_known(listen, presets, reading)]


def _several(reading: Reading) -> tuple[Level | None, list[Listen]]:
    given = reading.sources.find(LISTEN)
    if given is None:
        written = list(reading.sources.written.listens)
        return (Level.FILE if written else None), written
    pairs = value_of(LISTEN, given, reading, ())
    return given.level, [Listen(profile, endpoint, given.where) for profile, endpoint in pairs]


def _single(reading: Reading, presets: Mapping[str, Preset]) -> tuple[Level | None, list[Listen]]:
    profile = reading.sources.find(PROFILE)
    name = value_of(PROFILE, profile, reading, FIRST) if profile else FIRST
    preset = presets.get(name)
    honoured = preset.environment if preset else frozenset()
    port, host = (reading.sources.find(setting, honoured) for setting in (PORT, HOST))
    endpoint = preset.endpoint if preset else ""
    if port or host:
        number = value_of(PORT, port, reading, 0) if port else tcp_port(endpoint)
        interface = value_of(HOST, host, reading, "127.0.0.1") if host else "127.0.0.1"
        endpoint = "tcp:{}:interface={}".format(number, interface.replace(":", r"\:"))
    said = [given for given in (profile, port, host) if given]
    where = ", ".join(given.where for given in said) or "default port"
    # Customary variables are there for other reasons, too: they say where, not whether.
    levels = [given.level for given in said if given.variable not in honoured]
    return min(levels, default=None), [Listen(name, endpoint, where)]


def _check_meant(unheard: list[Listen], reading: Reading) -> None:
    """A port alone doesn't put another profile, with other rules, in the place of those named elsewhere."""
    others = [listen for listen in unheard if listen.profile != FIRST]
    if others and reading.sources.find(PROFILE) is None and (port := reading.sources.find(PORT)):
        reading.ledger.mistake(
            port.where,
            f"would open {FIRST} in place of {others[0].profile} ({others[0].where}): expected a"
            " profile beside it",
        )


def _is_known(listen: Listen, presets: Mapping[str, Preset], reading: Reading) -> bool:
    if listen.profile in presets:
        return True
    hint = did_you_mean(listen.profile, presets)
    reading.ledger.mistake(listen.where, f"unknown profile {listen.profile!r}; {hint}")
    return False


def tcp_port(endpoint: str) -> int | None:
    """The TCP port in an endpoint's description, also behind a wrapper such as ``haproxy:``.

    :returns: ``None`` where there is none to be seen (``unix:``, ``systemd:``).
    """
    parts = re.split(r"(?<!\\):", endpoint)
    for index, kind in enumerate(parts):
        if kind in ("tcp", "tcp6", "ssl"):
            named = [
                part.removeprefix("port=") for part in parts[index:] if part.startswith("port=")
            ]
            number = (named or parts[index + 1 : index + 2] or [""])[0]
            return int(number) if re.fullmatch(r"\d{1,5}", number, re.ASCII) else None
    return None
