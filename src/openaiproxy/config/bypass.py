"""Which upstreams are reached without a proxy: the rules that ``NO_PROXY`` has everywhere, as curl
applies them.

A rule is ``*``, a host with all below it (``example.com``, ``.example.com`` and ``*.example.com``
say the same), an address, a network (``10.0.0.0/8``), and each but the first may end in a port.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

from openaiproxy.config.values import address

__all__ = ["bypasses", "is_loopback_name"]


def bypasses(url: str, rules: Iterable[str]) -> bool:
    """Whether an upstream's URL is exempt from the proxy.

    :param rules: in any case; those that make no sense exempt nothing.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").removesuffix(".")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return any(_matches(rule.strip().lower(), host, port) for rule in rules)


def _matches(rule: str, host: str, port: int) -> bool:
    if rule == "*":
        return True
    name, rule_port = _split_port(rule)
    if not name or rule_port not in (None, port):
        return False
    number = address(host)
    if number is not None:
        return _holds(name, number)
    domain = name.removeprefix("*").removeprefix(".").removesuffix(".")
    return host == domain or host.endswith(f".{domain}")


def _split_port(rule: str) -> tuple[str, int | None]:
    if address(rule) is not None:
        return rule, None
    name, colon, port = rule.rpartition(":")
    if colon and port.isdecimal():
        return name.removeprefix("[").removesuffix("]"), int(port)
    return rule.removeprefix("[").removesuffix("]"), None


def _holds(network: str, number: IPv4Address | IPv6Address) -> bool:
    try:
        return number in ip_network(network, strict=False)
    except ValueError:
        return False


def is_loopback_name(host: str) -> bool:
    """Whether a host is this machine by its name alone, without asking a resolver."""
    number = address(host)
    if number is not None:
        return number.is_loopback
    bare = host.lower().removesuffix(".")
    return bare == "localhost" or bare.endswith(".localhost")
