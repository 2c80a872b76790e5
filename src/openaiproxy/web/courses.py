"""Which course a request takes: by its method and path, and by what its port's profile says."""

from collections.abc import Mapping

from openaiproxy.asking import DIALECTS, PATHS
from openaiproxy.bridging import Mode
from openaiproxy.web.bridge import bridge
from openaiproxy.web.exchange import Course
from openaiproxy.web.models import is_models, show_models
from openaiproxy.web.port import OpenPort
from openaiproxy.web.relay import relay
from openaiproxy.web.request import Request
from openaiproxy.web.token_count import count_tokens

__all__ = ["find_course"]

_POSTS: Mapping[bytes, Course] = {
    **{path.encode("ascii"): bridge(DIALECTS[name]) for name, path in PATHS.items()},
    b"/v1/messages/count_tokens": count_tokens,
}


def find_course(port: OpenPort, request: Request, target: bytes) -> Course:
    """The course for a request.

    :param target: what the upstream would be asked for.
    """
    if port.profile.simple is not None:
        # A proxy of its own, which other profiles have no use for.
        from openaiproxy.web.simple.courses import find_simple

        return find_simple(request.method, target)
    bridging, path = port.profile.bridging, target.partition(b"?")[0]
    if bridging.models is not None and is_models(request.method, target):
        return show_models
    if bridging.mode is not Mode.RELAY and request.method == b"POST":
        return _POSTS.get(path, relay)
    return relay
