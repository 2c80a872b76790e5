"""What is in force, told when it was started, without a secret.

Of a port that spends a Codex login, codex-api-proxy's words are told, too, since people's eyes and scripts know them::

    host: 127.0.0.1
    port: 8765
    api_key: <none>
    ...
    reasoning_effort: <request/default>
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from openaiproxy.config.ports import tcp_port
from openaiproxy.profile import Config, Port
from openaiproxy.web.binding import bind_hosts

__all__ = ["HIDDEN", "NONE", "parameters"]

HIDDEN, NONE = "<redacted>", "<none>"
_UNSAID = "<request/default>"
#: What --fast says where nothing else is said.
_FAST = ("minimal", "low", "priority")


def parameters(
    config: Config, given: Mapping[str, object], pid_file: Path
) -> list[tuple[str, object]]:
    """Names and values.

    :param given: options as they were given.
    """
    rows = [row for port in config.ports for row in _of_port(port)]
    logins = [port for port in config.ports if port.profile.credential.login is not None]
    rows += [row for port in logins for row in _of_login(port)]
    if logins:
        level, format = config.logging.level, config.logging.format
        rows += [("log_level", level), ("log_format", format), ("pid_file", pid_file)]
    known = {name for name, _ in rows}
    told = ((name.replace("-", "_"), value) for name, value in sorted(given.items()))
    return [*rows, *(row for row in told if row[0] not in known)]


def _of_port(port: Port) -> list[tuple[str, object]]:
    profile, upstream = port.profile, port.profile.upstream
    return [
        ("profile", profile.name),
        ("endpoint", port.endpoint),
        ("upstream", "embedded" if upstream.embedded else upstream.base),
        ("server_key", HIDDEN if profile.credential.is_ours else NONE),
        ("client_keys", HIDDEN if profile.auth.keys else NONE),
        ("proxy", HIDDEN if upstream.proxy else NONE),
    ]


def _of_login(port: Port) -> Iterator[tuple[str, object]]:
    bridging = port.profile.bridging
    said = bridging.amendments
    hosts = bind_hosts(port.endpoint) if tcp_port(port.endpoint) is not None else []
    yield "host", ", ".join(host or "0.0.0.0" for host in hosts) or port.endpoint
    yield "port", _or(tcp_port(port.endpoint), NONE)
    yield "api_key", HIDDEN if port.profile.auth.keys else NONE
    if bridging.models is not None:
        yield "models_cache_ttl", f"{bridging.models.ttl:g}"
    yield "fast", str((said.effort, said.verbosity, said.tier) == _FAST).lower()
    yield "reasoning_effort", _or(said.effort, _UNSAID)
    yield "verbosity", _or(said.verbosity, _UNSAID)
    yield "service_tier", _or(said.tier, _UNSAID)


def _or(value: object, nothing: str) -> object:
    return nothing if value is None else value
