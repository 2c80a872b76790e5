"""Addresses that ports listen on: how near they are, what may be offered there, and how they are told."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from openaiproxy.errors import Misconfigured
from openaiproxy.profile import Config, Port

__all__ = ["check_reach", "describe", "is_loopback", "urls_of"]

_SCHEMES = {"tcp": "http", "tcp6": "http", "systemd": "http", "ssl": "https"}
_NEAR = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def is_loopback(host: str) -> bool:
    """Whether an address, as a listening port tells it, is reached from this machine only."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def check_reach(port: Port, address: Any) -> None:
    """See that a port doesn't offer a key or a login of ours to the network.

    :param address: that it really listens on.
    :raises Misconfigured: where it does.
    """
    host, profile = getattr(address, "host", None), port.profile
    if host is None or is_loopback(host) or not profile.credential.is_ours or profile.auth.keys:
        return
    raise Misconfigured(
        f"{port.endpoint}: listens beyond loopback and would spend a key or a login for anyone"
    )


def urls_of(ports: Iterable[tuple[str, Any]]) -> list[str]:
    """Where TCP ports can be asked from this machine; ``tcp://`` where HTTP alone won't do.

    :param ports: endpoints and addresses.
    """
    found = []
    for endpoint, address in ports:
        host, number = getattr(address, "host", None), getattr(address, "port", None)
        if host is not None and number is not None:
            near = _NEAR.get(host, host)
            scheme = _SCHEMES.get(endpoint.partition(":")[0], "tcp")
            found.append(f"{scheme}://{f'[{near}]' if ':' in near else near}:{number}")
    return found


def describe(config: Config, addresses: Iterable[Any]) -> str:
    """Ports in a line, for people."""
    return ", ".join(
        f"{port.profile.name} on {getattr(address, 'host', '')}:{getattr(address, 'port', port.endpoint)}"
        for port, address in zip(config.ports, addresses, strict=True)
    )
