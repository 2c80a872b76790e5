"""A port's tree of Resources: the pages that the proxy answers itself, and the exchange for all the rest.

Requests for a WebSocket are refused before anything else is looked at: no path has one.
"""

from functools import partial

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from openaiproxy.web.courses import find_course
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.pages.fixed import refuse_upgrade, rows_for, say, wants_websocket
from openaiproxy.web.pages.page import Page
from openaiproxy.web.port import OpenPort
from openaiproxy.web.request import Request

__all__ = ["Relay", "build_tree"]


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

    def __init__(self, port: OpenPort) -> None:
        super().__init__()
        self._relay = Relay(port)
        self._upgrade = Page(port, refuse_upgrade)
        self._pages = {
            path: Page(port, partial(say, row)) for path, row in rows_for(port.profile).items()
        }

    def getChildWithDefault(self, path: bytes, request: Request) -> Resource:
        """Find by the path as it was sent: what Twisted unquotes could name a page by accident."""
        if request.requestHeaders.hasHeader(b"upgrade") and wants_websocket(request):
            return self._upgrade
        page = self._pages.get(request.path)
        return self._relay if page is None else page


def build_tree(port: OpenPort) -> Resource:
    """The root of a port's tree."""
    return Root(port)
