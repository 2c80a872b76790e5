"""What must hold of all ports together before the first is opened.

A port stays shut rather than open to strangers: what can't be known (an endpoint whose address
nobody can tell, a name that doesn't resolve) counts as public. A socket file is no address of the
network, so it is as near as loopback, which every user of the machine reaches, too; its mode can only
make it nearer.
"""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from attrs import frozen

from openaiproxy.bridging import Mode
from openaiproxy.config.bridging import SPEAKS, WEB_SEARCH
from openaiproxy.config.build import Built
from openaiproxy.config.login import BACKEND
from openaiproxy.config.ports import tcp_port
from openaiproxy.config.setting import Setting
from openaiproxy.config.settings import (
    API_KEY,
    API_KEY_FILE,
    CLIENT_KEY,
    CLIENT_KEYS,
    CLIENT_KEYS_FILE,
)
from openaiproxy.config.sources import Listen, Reading
from openaiproxy.config.values import address
from openaiproxy.presets import CredentialRule

__all__ = ["Opening", "check", "check_operator", "find_hosts"]

UNIX = "unix"
_EVERYWHERE = frozenset({"0.0.0.0", "::"})


@frozen
class Opening:
    """A port about to be opened.

    :param hosts: what its endpoint binds, ``0.0.0.0`` for all; empty if that can't be known,
        ``None`` beside a mistake.
    """

    listen: Listen
    built: Built
    hosts: frozenset[str] | None


def find_hosts(listen: Listen, reading: Reading) -> frozenset[str] | None:
    """What an endpoint binds; ``None`` beside a mistake."""
    try:
        hosts = reading.outside.bind_hosts(listen.endpoint)
    except ValueError as error:
        reading.ledger.mistake(listen.where, f"endpoint {listen.endpoint!r}: {error}")
        return None
    return frozenset(host or "0.0.0.0" for host in hosts)


def check(openings: Sequence[Opening], reading: Reading) -> None:
    """Every rule, each mistake at the place that opened the port."""
    for opening in openings:
        _check_secrets(opening, reading)
        _check_reach(opening, reading)
        _check_loop(opening, openings, reading)
        _check_dialects(opening, reading)
    _check_twins(openings, reading)


def _check_secrets(opening: Opening, reading: Reading) -> None:
    """A profile that needs a key has it, and doesn't hand a caller's key to the upstream."""
    built, where, ledger = opening.built, opening.listen.where, reading.ledger
    profile, name = built.profile, opening.listen.profile
    if built.preset.needs_client_keys and not built.client_keys_said:
        ways = _ways(built, [CLIENT_KEYS, CLIENT_KEY], CLIENT_KEYS_FILE)
        ledger.mistake(where, f"profile {name} needs client keys: {ways}")
    if profile.upstream.embedded or built.server_key_said:
        return
    if built.preset.credential is CredentialRule.SERVER:
        ways = _ways(built, [API_KEY], API_KEY_FILE)
        ledger.mistake(where, f"profile {name} needs a server-side key: {ways}")
    elif profile.auth.keys and "authorization" in profile.auth.places:
        ledger.mistake(
            where,
            f"profile {name} passes the caller's own Authorization on, and a client key in it would"
            " go upstream: expected a server-side key, or client-key-headers without authorization",
        )


def _ways(built: Built, secrets: Iterable[Setting], file: Setting) -> str:
    """The ways to give a key that the profile listens to."""
    heard = [
        variable
        for secret in secrets
        for variable in (secret.variable, *secret.environment)
        if variable == secret.variable or variable in built.preset.environment
    ]
    return f"expected {', '.join(heard)} or {file.name}"


def _check_reach(opening: Opening, reading: Reading) -> None:
    """A server-side key isn't there for everybody to spend."""
    profile, listen = opening.built.profile, opening.listen
    if not profile.credential.is_ours or opening.built.client_keys_said:
        return
    if "*" in profile.origins:
        what = f"profile {listen.profile} lets any web page spend its key (allow-origin is *)"
        reading.ledger.warn(listen.where, what)
    if opening.hosts is not None and not _is_local(opening.hosts, reading):
        reading.ledger.mistake(
            listen.where,
            f"profile {listen.profile} has a {_own(opening)} and no client keys, so it must listen"
            f" on loopback, and {listen.endpoint} isn't known to: expected client keys, or"
            " interface=127.0.0.1",
        )


def _own(opening: Opening) -> str:
    """What others could spend."""
    return "login" if opening.built.profile.credential.login is not None else "server-side key"


def _is_local(hosts: frozenset[str], reading: Reading) -> bool:
    return bool(hosts) and all(_is_loopback(host, reading) for host in hosts)


def _is_loopback(host: str, reading: Reading) -> bool:
    if host == UNIX:
        return True
    numbers = [address(text) for text in _resolve(host, reading)]
    return bool(numbers) and all(number is not None and number.is_loopback for number in numbers)


def _resolve(host: str, reading: Reading) -> Sequence[str]:
    if address(host) is not None:
        return [host]
    try:
        return reading.outside.resolve(host)
    except OSError:
        return []


def _check_loop(opening: Opening, openings: Sequence[Opening], reading: Reading) -> None:
    """An upstream isn't one of our own ports. Only asks a resolver when the port numbers agree."""
    profile = opening.built.profile
    if profile.upstream.embedded:
        return
    _check_not_ours("upstream", profile.upstream.base, opening, openings, reading)
    if profile.credential.login is not None:
        base = profile.credential.login.backend_base
        _check_not_ours(BACKEND.name, base, opening, openings, reading)


def _check_not_ours(
    setting: str, base: str, opening: Opening, openings: Sequence[Opening], reading: Reading
) -> None:
    url = urlsplit(base)
    port = url.port or (443 if url.scheme == "https" else 80)
    ours = [other for other in openings if tcp_port(other.listen.endpoint) == port]
    if ours and any(_reaches(url.hostname or "", other, reading) for other in ours):
        reading.ledger.mistake(
            reading.ledger.origins[f"profiles.{opening.listen.profile}.{setting}"],
            f"the {setting} of profile {opening.listen.profile} is a port of this process itself",
        )


def _reaches(host: str, opening: Opening, reading: Reading) -> bool:
    bound = {number for name in opening.hosts or () for number in _resolve(name, reading)}
    for number in _resolve(host, reading):
        there = address(number)
        local = there is not None and (there.is_loopback or there.is_unspecified)
        if number in bound or (local and bound & _EVERYWHERE):
            return True
    return False


def _check_dialects(opening: Opening, reading: Reading) -> None:
    """The upstream can do what the profile asks of it."""
    profile, name, ledger = opening.built.profile, opening.listen.profile, reading.ledger
    upstream, bridging = profile.upstream, profile.bridging
    speaks = ledger.origins[f"profiles.{name}.{SPEAKS.name}"]
    if upstream.embedded and "messages" in upstream.speaks:
        ledger.mistake(
            speaks, f"the embedded upstream of profile {name} speaks responses and chat alone"
        )
    translates = bridging.mode is not Mode.RELAY
    if translates and bridging.amendments.web_search and upstream.speaks == ("chat",):
        ledger.mistake(
            speaks,
            f"profile {name} adds a web search, which Chat has no tool for: expected"
            f" {SPEAKS.name} with another dialect, or {WEB_SEARCH.name} no",
        )


def _check_twins(openings: Sequence[Opening], reading: Reading) -> None:
    """No two ports want the same place."""
    for index, later in enumerate(openings):
        for earlier in openings[:index]:
            if _collide(earlier.listen, earlier.hosts, later.listen, later.hosts):
                what = f"{later.listen.endpoint} is opened by {earlier.listen.where} already"
                reading.ledger.mistake(later.listen.where, what)


def _collide(
    one: Listen, its_hosts: frozenset[str] | None, other: Listen, hosts: frozenset[str] | None
) -> bool:
    port = tcp_port(one.endpoint)
    if port == 0:
        return False
    if one.endpoint == other.endpoint:
        return True
    if port is None or port != tcp_port(other.endpoint):
        return False
    return bool((its_hosts or frozenset()) & (hosts or frozenset()))


def check_operator(
    listen: Listen, openings: Sequence[Opening], reading: Reading, *, guarded: bool
) -> None:
    """The operator's port is not there for everybody, and nobody else's.

    :param guarded: whether there is an admin token.
    """
    hosts = find_hosts(listen, reading)
    if hosts is not None and not guarded and not _is_local(hosts, reading):
        reading.ledger.mistake(
            listen.where,
            f"the operator's port needs an admin token unless it listens on loopback, and {listen.endpoint}"
            " isn't known to: expected OPENAIPROXY_ADMIN_TOKEN, admin-token-file, or interface=127.0.0.1",
        )
    for opening in openings:
        if _collide(opening.listen, opening.hosts, listen, hosts):
            what = f"{listen.endpoint} is opened by {opening.listen.where} already"
            reading.ledger.mistake(listen.where, what)
