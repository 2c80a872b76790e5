"""Whether a port can serve now, for whatever sends callers to it.

It is ready while it takes requests and nothing that it checks stands in the way. What is said names how the upstream is
reached and no secret: of an address neither user nor password, of a file nothing.
"""

from collections.abc import Coroutine, Sequence
from typing import Any
from urllib.parse import urlsplit

from openaiproxy.web.pages.page import Said, asked_methods, json_said
from openaiproxy.web.port import OpenPort
from openaiproxy.web.request import Request

__all__ = ["Readiness"]


class Readiness:
    """The page.

    :param ports: those that must all be ready.
    """

    def __init__(self, ports: Sequence[OpenPort]) -> None:
        self._ports = ports

    def __call__(self, port: OpenPort, request: Request) -> "Said | Coroutine[Any, Any, Said]":
        """:raises BadRequest: 405."""
        return asked_methods(port, request) or self._judge(port)

    async def _judge(self, port: OpenPort) -> Said:
        faults = ["draining"] if port.watch.metrics.draining else []
        for each in self._ports:
            faults += await _faults(each)
        if faults:
            return json_said(
                503, {"ok": False, "error": ", ".join(dict.fromkeys(faults))}, faults[0]
            )
        told = [await _told(each) for each in self._ports]
        if len(told) == 1:
            return json_said(200, {"ok": True, **told[0]})
        return json_said(200, {"ok": True, "ports": told})


async def _faults(port: OpenPort) -> list[str]:
    found = []
    for check in port.checks:
        fault = check()
        if fault is not None and not isinstance(fault, str):
            fault = await fault
        if fault is not None:
            found.append(fault)
    return found


async def _told(port: OpenPort) -> dict[str, object]:
    profile = port.profile
    upstream, key, login = profile.upstream, profile.credential.key, profile.credential.login
    mode = "embedded" if upstream.embedded else "caller" if key is None else "apiKey"
    base, proxy = upstream.base, upstream.proxy or ""
    spent = (await port.purse.spending()).spent
    if spent is not None and login is not None:
        mode, base = spent.mode.value, spent.base
        proxy = "" if base in login.direct else proxy
    return {
        "profile": profile.name,
        "mode": mode,
        "upstream_base": _bare(base) or None,
        "https_proxy": _bare(proxy) or None,
    }


def _bare(url: str) -> str:
    """A URL without user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if url else ""
