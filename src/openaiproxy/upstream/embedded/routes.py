"""Which path is answered by what. The paths are OpenAI's, and Anthropic's; a ``*`` stands for one id."""

from collections.abc import Callable
from urllib.parse import unquote

from openaiproxy.upstream.embedded import (
    chat,
    completions,
    embeddings,
    files,
    images,
    messages,
    models,
    moderations,
    responses,
    speech,
    transcripts,
)
from openaiproxy.upstream.embedded.calls import Answer, Call
from openaiproxy.upstream.embedded.refusals import Refusal, not_found

__all__ = ["ROUTES", "find"]

Answerer = Callable[[Call], Answer]

ROUTES: dict[str, dict[str, Answerer]] = {
    "/v1/models": {"GET": models.show},
    "/v1/models/*": {"GET": models.retrieve},
    "/v1/chat/completions": {"POST": chat.create},
    "/v1/messages": {"POST": messages.create},
    "/v1/messages/count_tokens": {"POST": messages.count_tokens},
    "/v1/completions": {"POST": completions.create},
    "/v1/responses": {"POST": responses.create},
    "/v1/responses/input_tokens": {"POST": responses.input_tokens},
    "/v1/responses/compact": {"POST": responses.compact},
    "/v1/responses/*": {"GET": responses.retrieve, "DELETE": responses.delete},
    "/v1/responses/*/cancel": {"POST": responses.cancel},
    "/v1/responses/*/input_items": {"GET": responses.input_items},
    "/v1/embeddings": {"POST": embeddings.create},
    "/v1/moderations": {"POST": moderations.create},
    "/v1/images/generations": {"POST": images.generate},
    "/v1/images/edits": {"POST": images.edit},
    "/v1/images/variations": {"POST": images.vary},
    "/v1/audio/speech": {"POST": speech.create},
    "/v1/audio/transcriptions": {"POST": transcripts.transcribe},
    "/v1/audio/translations": {"POST": transcripts.translate},
    "/v1/files": {"GET": files.show, "POST": files.create},
    "/v1/files/*": {"GET": files.retrieve, "DELETE": files.delete},
    "/v1/files/*/content": {"GET": files.content},
}


def find(method: str, path: str) -> tuple[Answerer, str]:
    """What answers a request, and the id in its path (empty where there is none).

    :param path: the path as sent, without the query.
    :raises Refusal: 404 for an unknown path, 405 for a method that the path doesn't have.
    """
    id = ""
    methods = ROUTES.get(path)
    steps = path.split("/")
    if methods is None and len(steps) > 3 and steps[3]:
        id = unquote(steps[3])
        methods = ROUTES.get("/".join([*steps[:3], "*", *steps[4:]]))
    if methods is None or path.endswith("/*"):
        raise not_found(f"Invalid URL ({method} {path})")
    if method not in methods:
        message = (
            f"Not allowed to {method} on {path}. "
            "(HINT: Perhaps you meant to use a different HTTP method?)"
        )
        allow = (("allow", ", ".join(methods)),)
        raise Refusal(405, message, code="method_not_supported", headers=allow)
    return methods[method], id
