"""Which course a request to a port with simplified endpoints takes. There is none beside these."""

from collections.abc import Mapping

from openaiproxy.errors import BadRequest
from openaiproxy.simple.endpoints import find_endpoint
from openaiproxy.web.exchange import Course
from openaiproxy.web.simple.asking import ask
from openaiproxy.web.simple.probing import probe, show_runtime
from openaiproxy.web.simple.stocked import pass_chat, pass_responses
from openaiproxy.web.simple.transcribing import transcribe

__all__ = ["find_simple"]

_OTHERS: Mapping[tuple[bytes, bytes], Course] = {
    (b"POST", b"/openai/audio/transcriptions"): transcribe,
    (b"POST", b"/openai2/diagnostics/sse-cap"): probe,
    (b"GET", b"/debug/runtime"): show_runtime,
    (b"POST", b"/v1/chat/completions"): pass_chat,
    (b"POST", b"/v1/responses"): pass_responses,
}


def find_simple(method: bytes, target: bytes) -> Course:
    """The course for a request.

    :param target: as the caller sent it.
    :raises BadRequest: 404, also for a method that a path doesn't have, as it always was.
    """
    path = target.partition(b"?")[0]
    other = _OTHERS.get((method, path))
    if other is not None:
        return other
    found = find_endpoint(method.decode("ascii"), path.decode("ascii"))
    if found is None:
        raise BadRequest(404, "path_not_offered", "this port does not offer that path")
    return ask(*found)
