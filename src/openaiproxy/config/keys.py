"""Keys: the one that goes upstream, those that callers show, and the operator's token.

They come from variables and files, never from the command line or the configuration file. No
message here repeats a word of what was read, not even a name: a malformed line may be a key as a
whole. systemd's ``LoadCredential=`` counts as environment: ``openai-api-key``,
``openaiproxy-client-keys`` and ``openaiproxy-admin-token`` in ``$CREDENTIALS_DIRECTORY``.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from attrs import field, frozen

from openaiproxy.config.setting import Setting
from openaiproxy.config.settings import (
    ADMIN_TOKEN,
    ADMIN_TOKEN_FILE,
    API_KEY,
    API_KEY_FILE,
    CLIENT_KEY,
    CLIENT_KEYS,
    CLIENT_KEYS_FILE,
)
from openaiproxy.config.sources import Given, Level, Reading, expand, why
from openaiproxy.config.values import file_path
from openaiproxy.profile import ClientKey

__all__ = [
    "AdminToken",
    "ClientKeys",
    "ServerKey",
    "find_admin_token",
    "find_client_keys",
    "find_secret",
    "find_server_key",
]

SHORTEST_KEY = 8

_VISIBLE = re.compile(r"[\x21-\x7e]+")
_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_SPACE = " \t\r\n\ufeff"
_READABLE_BY_OTHERS = 0o044
_SYSTEMD = "CREDENTIALS_DIRECTORY"


@frozen
class ServerKey:
    """What was found.

    :param key: ``None`` if none was said, or if it was said wrongly.
    :param file: the file that it came from.
    :param where: the place that named it; empty if none was said.
    """

    key: str | None = field(default=None, repr=False)
    file: str | None = None
    where: str = ""


@frozen
class ClientKeys:
    """What was found; ``where`` is empty if none were said."""

    keys: tuple[ClientKey, ...] = ()
    file: str | None = None
    where: str = ""


@frozen
class AdminToken:
    """What was found; ``where`` is empty if none was said."""

    token: str | None = field(default=None, repr=False)
    file: str | None = None
    where: str = ""


def find_server_key(reading: Reading, profile: str, honoured: frozenset[str]) -> ServerKey:
    """The server-side key of a profile.

    :param honoured: customary variables that the profile listens to.
    """
    sources = reading.sources
    literal = sources.variable(API_KEY, honoured)
    file = sources.find(API_KEY_FILE, honoured, profile)
    given = _first(literal, file, _from_systemd("openai-api-key", reading))
    if given is None:
        return ServerKey()
    if given is literal:
        key = _one_key(str(given.raw), given.where, reading)
        return ServerKey(key, None, given.where)
    path, content = _content(given, reading)
    if content is None:
        return ServerKey(None, path, given.where)
    return ServerKey(_one_key(content, f"{given.where}: {path}", reading), path, given.where)


def find_secret(setting: Setting, reading: Reading, honoured: frozenset[str]) -> str | None:
    """Another secret, of a variable; ``None`` if none was said, or if it was said wrongly.

    :param honoured: customary variables that the profile listens to.
    """
    given = reading.sources.variable(setting, honoured)
    return None if given is None else _one_key(str(given.raw), given.where, reading)


def find_client_keys(reading: Reading, profile: str, honoured: frozenset[str]) -> ClientKeys:
    """The keys that callers of a profile may show.

    :param honoured: customary variables that the profile listens to.
    """
    sources = reading.sources
    several = sources.variable(CLIENT_KEYS, honoured)
    single = sources.variable(CLIENT_KEY, honoured)
    file = sources.find(CLIENT_KEYS_FILE, honoured, profile)
    given = _first(several, single, file, _from_systemd("openaiproxy-client-keys", reading))
    if given is None:
        return ClientKeys()
    if given is single:
        return ClientKeys(_default_key(given, reading), None, given.where)
    if given is several:
        entries = _entries(re.split(r"[,\n]", str(given.raw)), "entry")
        return ClientKeys(_client_keys(entries, given.where, reading), None, given.where)
    path, content = _content(given, reading)
    if content is None:
        return ClientKeys((), path, given.where)
    entries = _entries(content.lstrip("\ufeff").split("\n"), "line")
    return ClientKeys(_client_keys(entries, f"{given.where}: {path}", reading), path, given.where)


def find_admin_token(reading: Reading) -> AdminToken:
    """The operator's token."""
    literal = reading.sources.variable(ADMIN_TOKEN, frozenset(ADMIN_TOKEN.environment))
    file = reading.sources.find(ADMIN_TOKEN_FILE)
    given = _first(literal, file, _from_systemd("openaiproxy-admin-token", reading))
    if given is None:
        return AdminToken()
    path, content = (None, str(given.raw)) if given is literal else _content(given, reading)
    if content is None:
        return AdminToken(None, path, given.where)
    token = content.strip(_SPACE)
    fault = _fault(token)
    if fault and given.variable in ADMIN_TOKEN.environment:
        # The name is a common one, and may be meant for somebody else.
        reading.ledger.warn(given.where, f"not taken for the admin token: {fault}")
        return AdminToken()
    if fault:
        reading.ledger.mistake(given.where if path is None else f"{given.where}: {path}", fault)
        return AdminToken(None, path, given.where)
    return AdminToken(token, path, given.where)


def _first(*candidates: Given | None) -> Given | None:
    given = [one for one in candidates if one is not None]
    return min(given, key=lambda one: one.level, default=None)


def _from_systemd(name: str, reading: Reading) -> Given | None:
    """A credential that systemd passed, if it did; one that can't be read is a mistake later on."""
    folder = reading.outside.environ.get(_SYSTEMD)
    if not folder:
        return None
    path = Path(folder, name)
    try:
        reading.outside.read_text(path)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError):
        pass
    return Given(str(path), f"${_SYSTEMD}/{name}", Level.ENVIRONMENT, Path(folder), _SYSTEMD)


def _content(given: Given, reading: Reading) -> tuple[str | None, str | None]:
    """The path and the text of a file that holds keys; no text beside a mistake."""
    try:
        path = expand(file_path(given.raw), given.base, reading.outside.environ)
    except ValueError as error:
        reading.ledger.mistake(given.where, str(error))
        return None, None
    try:
        content = reading.outside.read_text(path)
    except (OSError, UnicodeError) as error:
        # The likeliest slip is a key where the path should be, and then the path must not be shown.
        shown = "the file that it names" if "sk-" in path.name else str(path)
        reading.ledger.mistake(given.where, f"{shown} {why(error)}")
        return None, None
    # systemd's own files show an access list's mask as group bits.
    mode = 0 if given.variable == _SYSTEMD else reading.outside.file_mode(path) & 0o777
    if mode & _READABLE_BY_OTHERS:
        reading.ledger.warn(str(path), f"holds keys but can be read by others (mode {mode:04o})")
    return str(path), content


def _one_key(content: str, where: str, reading: Reading) -> str | None:
    key = content.strip(_SPACE)
    if not key:
        reading.ledger.mistake(where, "expected a key, but it's empty")
    elif len(key.splitlines()) > 1:
        reading.ledger.mistake(where, "expected one key on one line, but there are more lines")
    elif not _VISIBLE.fullmatch(key):
        reading.ledger.mistake(
            where, "expected a key of visible ASCII characters without spaces, but it has others"
        )
    else:
        return key
    return None


def _default_key(given: Given, reading: Reading) -> tuple[ClientKey, ...]:
    key = str(given.raw).strip(_SPACE)
    if fault := _fault(key):
        reading.ledger.mistake(given.where, fault)
        return ()
    return (ClientKey("default", key),)


def _entries(lines: Iterable[str], word: str) -> list[tuple[str, str]]:
    """Places and texts of the lines that say something."""
    stripped = ((f"{word} {number}", line.strip()) for number, line in enumerate(lines, 1))
    return [(place, line) for place, line in stripped if line and not line.startswith("#")]


def _client_keys(
    entries: list[tuple[str, str]], where: str, reading: Reading
) -> tuple[ClientKey, ...]:
    if not entries:
        reading.ledger.mistake(where, "expected at least one name = key")
    names: dict[str, str] = {}
    secrets: dict[str, str] = {}
    keys = []
    for place, line in entries:
        name, _, secret = (part.strip() for part in line.partition("="))
        fault = _name_fault(line, name) or _fault(secret)
        fault = (
            fault or _repeats("name", name, names, place) or _repeats("key", secret, secrets, place)
        )
        if fault:
            reading.ledger.mistake(f"{where}, {place}", fault)
        else:
            keys.append(ClientKey(name, secret))
    return tuple(keys)


def _name_fault(line: str, name: str) -> str | None:
    if "=" in line and _NAME.fullmatch(name):
        return None
    return "expected name = key, the name of letters, digits and . _ @ -"


def _fault(secret: str) -> str | None:
    if not secret:
        return "expected a key, but it's empty"
    if not _VISIBLE.fullmatch(secret):
        return "expected a key of visible ASCII characters without spaces, but it has others"
    if len(secret) < SHORTEST_KEY:
        return f"expected a key of at least {SHORTEST_KEY} characters"
    return None


def _repeats(word: str, value: str, seen: dict[str, str], place: str) -> str | None:
    earlier = seen.setdefault(value, place)
    return None if earlier == place else f"has the same {word} as {earlier}"
