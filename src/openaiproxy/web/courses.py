"""Which course a request takes: by its method and path, and by what its port's profile says."""

from collections.abc import Mapping

from openaiproxy.asking import DIALECTS, PATHS
from openaiproxy.bridging import Mode
from openaiproxy.web.bridge import bridge
from openaiproxy.web.exchange import Course
from openaiproxy.web.port import OpenPort
from openaiproxy.web.relay import relay
from openaiproxy.web.request import Request

__all__ = ["find_course"]

_CREATES: Mapping[bytes, Course] = {
    path.encode("ascii"): bridge(DIALECTS[name]) for name, path in PATHS.items()
}


def find_course(port: OpenPort, request: Request, target: bytes) -> Course:
    """The course for a request.

    :param target: what the upstream would be asked for.
    """
    path = target.partition(b"?")[0]
    if port.profile.bridging.mode is not Mode.RELAY and request.method == b"POST":
        return _CREATES.get(path, relay)
    return relay
