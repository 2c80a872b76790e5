"""A port in memory of which every request takes one course."""

import json
from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from openaiproxy.web.exchange import Course, Exchange
from openaiproxy.web.port import OpenPort
from openaiproxy.web.request import Request
from openaiproxy.web.site import Site
from tests.web.wiring import Connection, Wired, wire

__all__ = ["fields_of", "head_and_json", "plug"]


class _OneCourse(Resource):
    isLeaf = True

    def __init__(self, port: OpenPort, course: Course) -> None:
        super().__init__()
        self._port = port
        self._course = course

    def render(self, request: Request) -> int:
        Exchange(request, self._port, lambda *_: self._course).begin()
        return NOT_DONE_YET


def plug(course: Course, preset: str = "gateway", **changes: Any) -> Wired:
    """A port of a preset, with changes to its profile."""
    wired = wire(preset, **changes)
    resource = _OneCourse(wired.port, course)
    wired.site = Site(resource, wired.clock, wired.port.note_refused, wired.on_wire)
    return wired


def head_and_json(connection: Connection) -> tuple[bytes, Any]:
    """The head of the only answer, and its body."""
    head, _, body = connection.received().partition(b"\r\n\r\n")
    return head, json.loads(body)


def fields_of(connection: Connection) -> dict[str, str]:
    """The fields of the only answer, by their names in small letters."""
    head = connection.received().partition(b"\r\n\r\n")[0].decode("latin-1")
    lines = head.split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
