"""The effective configuration as TOML, each value with the place it came from.

What is printed can be loaded again: every value as it stands, those of the presets included. Keys
aren't in it; a comment says where each was found, and a key's file stays named. A proxy's password
is masked, and loading the mask warns.
"""

from collections.abc import Iterable
from enum import Enum
from urllib.parse import urlsplit

from openaiproxy.bridging import Alias
from openaiproxy.config.aliases import alias_text
from openaiproxy.config.bridging import KEEP_MODELS, MODELS
from openaiproxy.config.fields import get
from openaiproxy.config.login import LOGIN
from openaiproxy.config.setting import Scope, Setting
from openaiproxy.config.settings import (
    ADMIN_TOKEN_FILE,
    API_KEY_FILE,
    CLIENT_KEYS_FILE,
    PROXY,
    SETTINGS,
    UPSTREAM,
)
from openaiproxy.config.simple import ANTHROPIC_UPSTREAM, SIMPLE
from openaiproxy.config.urls import EMBEDDED, MASK
from openaiproxy.profile import Config, Profile

__all__ = ["print_config"]

_ESCAPES = str.maketrans(
    {code: f"\\u{code:04x}" for code in (*range(0x20), 0x7F)} | {'"': '\\"', "\\": "\\\\"}
)


def print_config(config: Config) -> str:
    """The configuration as a TOML document that holds no secret, with a line end at its end."""
    parts = [
        ["# The effective configuration. Keys are hidden."],
        _process(config, Scope.PROCESS),
        ["[logging]", *_process(config, Scope.LOGGING)],
        ["[operator]", *_operator(config)],
    ]
    profiles = {port.profile.name: port.profile for port in config.ports}
    parts.extend(_profile(config, profile) for profile in profiles.values())
    parts.extend(_listens(config))
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _process(config: Config, scope: Scope) -> list[str]:
    return [
        _line(
            setting.key,
            _said(setting, get(config, setting.field)),
            config.origins.get(setting.field),
        )
        for setting in SETTINGS
        if setting.scope is scope and setting.field
    ]


def _operator(config: Config) -> list[str]:
    lines = [
        _line("listen", config.operator.listen or "none", config.origins.get("operator.listen"))
    ]
    origin, file = config.origins.get("operator.token"), config.operator.token_file
    if file is not None:
        lines.append(_line(ADMIN_TOKEN_FILE.key, file, origin))
    else:
        lines.append(_hidden("admin token", ["token"] if config.operator.token else [], origin))
    return lines


def _profile(config: Config, profile: Profile) -> list[str]:
    preset = config.presets.get(profile.name, profile.name)
    lines = [f"[profiles.{profile.name}]", f"preset = {_literal(preset)}"]
    for setting in SETTINGS:
        if setting.scope is Scope.PROFILE and _means_something(setting, profile):
            origin = config.origins.get(f"profiles.{profile.name}.{setting.name}")
            lines.append(_setting(setting, profile, origin))
    return lines


def _means_something(setting: Setting, profile: Profile) -> bool:
    """Whether there is a value at all: a list of models that is relayed has no age, and a port
    that spends no login says nothing of itself."""
    if setting in LOGIN:
        return profile.credential.login is not None
    if setting in SIMPLE:
        return profile.simple is not None
    relayed = profile.bridging.models is None
    return bool(setting.field) and not (relayed and setting in MODELS and setting != KEEP_MODELS)


def _setting(setting: Setting, profile: Profile, origin: str | None) -> str:
    value = get(profile, setting.field)
    if (setting == UPSTREAM and profile.upstream.embedded) or (
        setting == ANTHROPIC_UPSTREAM and value == ""
    ):
        value = EMBEDDED
    elif setting == PROXY and value is not None:
        value = _masked(value)
    elif setting == API_KEY_FILE and value is None:
        return _hidden("server-side key", ["key"] if profile.credential.key else [], origin)
    elif setting == CLIENT_KEYS_FILE and value is None:
        return _hidden("client keys", [key.name for key in profile.auth.keys], origin)
    return _line(setting.key, _said(setting, value), origin)


def _said(setting: Setting, value: object) -> object:
    """A value as the setting takes it."""
    return setting.absent if value is None else value


def _hidden(what: str, names: Iterable[str], origin: str | None) -> str:
    shown = ", ".join(f"{name} = {MASK}" for name in names) or "none"
    return _comment(f"# {what}: {shown}", origin)


def _masked(url: str) -> str:
    """A proxy's URL without its password, and without a user that stands alone (a token)."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    return f"{parts.scheme}://{user if colon else ''}{colon}{MASK if at else ''}{at}{host}"


def _listens(config: Config) -> Iterable[list[str]]:
    for number, port in enumerate(config.ports, 1):
        yield [
            "[[listen]]",
            f"profile = {_literal(port.profile.name)}",
            _line("endpoint", port.endpoint, config.origins.get(f"listen.{number}")),
        ]


def _line(key: str, value: object, origin: str | None) -> str:
    return _comment(f"{key} = {_literal(value)}", origin)


def _comment(line: str, origin: str | None) -> str:
    return f"{line}  # {' '.join(origin.split())}" if origin else line


def _literal(value: object) -> str:
    match value:
        case None:
            return '"none"'
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case tuple():
            return f"[{', '.join(_literal(one) for one in value)}]"
        case Enum():
            return _literal(value.value)
        case Alias():
            return _literal(alias_text(value))
        case frozenset():
            return _literal(tuple(sorted(value)))
    return f'"{str(value).translate(_ESCAPES)}"'
