"""A port's tree of Resources: the pages that the proxy answers itself, and the exchange for all the rest.

Requests for a WebSocket are refused before anything else is looked at: no path has one.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from openaiproxy.web.courses import find_course
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.pages.figures import show_figures
from openaiproxy.web.pages.fixed import refuse_upgrade, rows_for, say, wants_websocket
from openaiproxy.web.pages.health import Health, alive
from openaiproxy.web.pages.log import log_pages
from openaiproxy.web.pages.page import Page
from openaiproxy.web.pages.readiness import Readiness
from openaiproxy.web.pages.status.visit import (
    nothing_here,
    show_bodies,
    show_live,
    show_status,
    sign_out,
)
from openaiproxy.web.port import OpenPort
from openaiproxy.web.request import Request

__all__ = ["Relay", "build_operator_tree", "build_tree"]


class Relay(Resource):
    """Everything that a port offers through its upstream. The exchange decides what that is."""

    isLeaf = True

    def __init__(self, port: OpenPort) -> None:
        super().__init__()
        self._port = port

    def render(self, request: Request) -> int:
        """Begin an exchange."""
        Exchange(request, self._port, find_course).begin()
        return NOT_DONE_YET


class Root(Resource):
    """The root: a page of ours where the path is exactly one, else the relay."""

    def __init__(self, port: OpenPort, pages: Mapping[bytes, Page]) -> None:
        super().__init__()
        self._relay = Relay(port)
        self._upgrade = Page(port, refuse_upgrade)
        self._pages = pages
        self._nothing = Page(port, nothing_here) if b"/status" in pages else self._relay

    def getChildWithDefault(self, path: bytes, request: Request) -> Resource:
        """Find by the path as it was sent: what Twisted unquotes could name a page by accident."""
        if request.requestHeaders.hasHeader(b"upgrade") and wants_websocket(request):
            return self._upgrade
        page = self._pages.get(request.path)
        if page is not None:
            return page
        return self._nothing if request.path.startswith(b"/status/") else self._relay


def build_tree(port: OpenPort) -> Resource:
    """The root of a port's tree."""
    pages = {path: Page(port, partial(say, row)) for path, row in rows_for(port.profile).items()}
    pages[b"/health"] = Page(port, Health(), "health")
    pages[b"/ready"] = Page(port, Readiness((port,)), "ready")
    if port.admin.has_token:
        pages |= _operators(port)
    elif port.profile.simple is not None:
        # There, these paths are refused rather than unknown.
        pages |= log_pages(port)
    return Root(port, pages)


def build_operator_tree(port: OpenPort, others: Sequence[OpenPort]) -> Resource:
    """The root of the tree of the operator's own port.

    :param port: it; its profile has no routes.
    :param others: whose readiness is the process's.
    """
    pages = {
        b"/health": Page(port, alive, "health"),
        b"/ready": Page(port, Readiness(others), "ready"),
    }
    return Root(port, pages | _operators(port))


def _operators(port: OpenPort) -> dict[bytes, Page]:
    """Pages for the operator alone; each sees to that itself."""
    figures = Page(port, show_figures, "metrics")
    return {
        b"/metrics": figures,
        b"/metrics/prometheus": figures,
        b"/status": Page(port, show_status, "status"),
        b"/status/events": Page(port, show_live, "status"),
        b"/status/bodies": Page(port, show_bodies, "status"),
        b"/status/sign-out": Page(port, sign_out, "status"),
        **log_pages(port),
    }
