"""Which course a request takes."""

from openaiproxy.web.exchange import Course
from openaiproxy.web.port import OpenPort
from openaiproxy.web.relay import relay
from openaiproxy.web.request import Request

__all__ = ["find_course"]


def find_course(port: OpenPort, request: Request, target: bytes) -> Course:
    """The course for a request.

    :param target: what the upstream would be asked for.
    """
    return relay
