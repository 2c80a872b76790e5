"""``/metrics``: JSON in codex-api-proxy's shape and more, or Prometheus' text for a scraper.

For the operator alone: whoever shows the admin token, or, where there is none, whoever reaches the operator's own port,
which is on loopback then, and is no web page.
"""

from collections.abc import Awaitable, Coroutine
from typing import Any

from openaiproxy.ops.adding import Collected
from openaiproxy.ops.figures import figures
from openaiproxy.web.admin import bearer_tokens
from openaiproxy.web.pages.page import NO_STORE, Said, asked_methods, json_said, peer_of
from openaiproxy.web.port import OpenPort
from openaiproxy.web.request import Request

__all__ = ["admit_operator", "show_figures"]

_TEXT = b"text/plain; version=0.0.4; charset=utf-8"


def admit_operator(port: OpenPort, request: Request) -> None:
    """Let the operator in. On a port that others reach, a page that calls this stands only where there is a token.

    :raises BadRequest: for everybody else.
    """
    port.gate.check_page(request.requestHeaders)
    if port.admin.has_token:
        port.admin.check(peer_of(request), bearer_tokens(request.requestHeaders))


def show_figures(port: OpenPort, request: Request) -> "Said | Coroutine[Any, Any, Said]":
    """Say the metrics.

    :raises BadRequest: to those who may not see them.
    """
    early = asked_methods(port, request)
    if early is not None:
        return early
    admit_operator(port, request)
    as_text = request.path.endswith(b"/prometheus") or _is_scraper(request)
    if port.watch.gather is not None:
        return _show_all(port.watch.gather(), as_text)
    return _say(port.watch.metrics, as_text)


async def _show_all(gathering: Awaitable[Collected], as_text: bool) -> Said:
    return _say(await gathering, as_text)


def _say(metrics: Collected, as_text: bool) -> Said:
    if as_text:
        return Said(200, [(b"Content-Type", _TEXT), NO_STORE], metrics.text())
    return json_said(200, figures(metrics))


def _is_scraper(request: Request) -> bool:
    """Whether text is asked for. Scrapers name its type; browsers, and tools that take anything, do not."""
    accept = b",".join(request.requestHeaders.getRawHeaders(b"accept", [])).lower()
    wants_text = b"text/plain" in accept or b"application/openmetrics-text" in accept
    return wants_text and b"application/json" not in accept
