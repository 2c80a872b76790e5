"""The simplified endpoints as a table: what each takes, and what it asks the upstream for.

What differs between two of them is a row and a small function; how a request is let in, sent and answered is the
same for all. ``*`` stands for a response's id.
"""

from collections.abc import Callable
from typing import Any

from attrs import frozen

from openaiproxy.errors import BadRequest
from openaiproxy.simple.images import put_image
from openaiproxy.simple.lookups import items_query, response_query, wants_stream
from openaiproxy.simple.prompts import ask_prompt, tell_prompt
from openaiproxy.wire.json import dumps

__all__ = ["ENDPOINTS", "Ask", "Body", "Endpoint", "Given", "find_endpoint"]

Body = dict[str, Any]
_NO_STREAM = "Streaming is not supported on this endpoint"
_NO_STREAM_BUT = f"{_NO_STREAM}. Use /anthropic/stream instead."
_EMBEDDING_MODEL = "text-embedding-3-large"
# A safe call is asked again where it may help.
_SAFE = 2


@frozen
class Given:
    """What a request says, without what is the proxy's own.

    :param id: of the response, as its path has it; empty where there is none.
    :param model: the default one.
    """

    body: Body
    query: list[tuple[str, str]]
    id: str
    model: str


@frozen
class Ask:
    """What the upstream is asked.

    :param target: path and query.
    :param body: JSON; ``None`` for none.
    :param stream: whether a stream is asked for.
    :param model: that is asked, where it is known.
    """

    method: bytes
    target: str
    body: bytes | None = None
    stream: bool = False
    model: str | None = None


@frozen
class Endpoint:
    """One endpoint.

    :param path: of its caller's request.
    :param ask: what the upstream is asked; raises ``BadRequest``.
    :param tell: what the caller is told of a whole answer, given an id for the question; ``None`` passes it.
    :param retries: how often it is asked again, where that may help.
    :param bodiless: whether a request may come without a body.
    :param anthropic: whether Anthropic is asked.
    """

    method: str
    path: str
    ask: Callable[[Given], Ask]
    tell: Callable[[Body, str], Body] | None = None
    retries: int = 0
    bodiless: bool = False
    anthropic: bool = False


# Chat Completions.


def _ask_chat(given: Given) -> Ask:
    body = dict(given.body)
    if body.get("stream"):
        raise BadRequest(400, "bad_request", _NO_STREAM)
    image = body.pop("image", None)
    if image or isinstance(image, dict | list):
        body["messages"] = put_image(body.get("messages"), image)
    return _post("/v1/chat/completions", body)


def _ask_prompt(given: Given) -> Ask:
    return _post("/v1/chat/completions", ask_prompt(given.body, given.model))


# Responses.


def _ask_response(given: Given) -> Ask:
    body = {name: value for name, value in given.body.items() if name != "stream"}
    stream = bool(given.body.get("stream"))
    return _post("/v1/responses", {**body, "stream": True} if stream else body, stream=stream)


def _ask_stored(given: Given) -> Ask:
    target = _with_query(f"/v1/responses/{_id(given)}", response_query(given.query))
    return Ask(b"GET", target, stream=wants_stream(given.query))


def _delete_stored(given: Given) -> Ask:
    return Ask(b"DELETE", f"/v1/responses/{_id(given)}")


def _cancel_stored(given: Given) -> Ask:
    return Ask(b"POST", f"/v1/responses/{_id(given)}/cancel")


def _ask_items(given: Given) -> Ask:
    path = f"/v1/responses/{_id(given)}/input_items"
    return Ask(b"GET", _with_query(path, items_query(given.query)))


def _id(given: Given) -> str:
    if not given.id:
        raise BadRequest(400, "bad_request", "Missing response_id")
    return given.id


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


# The others.


def _ask_embedding(given: Given) -> Ask:
    return _post("/v1/embeddings", {"model": _EMBEDDING_MODEL, **given.body})


def _ask_message(given: Given) -> Ask:
    if given.body.get("stream"):
        raise BadRequest(400, "bad_request", _NO_STREAM_BUT)
    return _post("/v1/messages", given.body)


def _ask_message_stream(given: Given) -> Ask:
    return _post("/v1/messages", {**given.body, "stream": True}, stream=True)


def _same(target: str) -> Callable[[Given], Ask]:
    return lambda given: _post(target, given.body)


def _post(target: str, body: Body, *, stream: bool = False) -> Ask:
    model = body.get("model")
    return Ask(b"POST", target, dumps(body), stream, model if isinstance(model, str) else None)


ENDPOINTS = (
    Endpoint("POST", "/openai", _ask_chat),
    Endpoint("POST", "/chatgpt", _ask_prompt, tell_prompt),
    Endpoint("POST", "/openai2", _ask_response),
    Endpoint("POST", "/openai2/compact", _same("/v1/responses/compact")),
    Endpoint("POST", "/openai2/input_tokens", _same("/v1/responses/input_tokens"), retries=_SAFE),
    Endpoint("GET", "/openai2/*", _ask_stored, retries=_SAFE, bodiless=True),
    Endpoint("DELETE", "/openai2/*", _delete_stored, retries=_SAFE, bodiless=True),
    Endpoint("POST", "/openai2/*/cancel", _cancel_stored, bodiless=True),
    Endpoint("GET", "/openai2/*/input_items", _ask_items, retries=_SAFE, bodiless=True),
    Endpoint("POST", "/embeddings", _ask_embedding),
    Endpoint("POST", "/anthropic", _ask_message, anthropic=True),
    Endpoint("POST", "/anthropic/stream", _ask_message_stream, anthropic=True),
)
"""All of them, one that names its whole path before one that leaves an id open."""


def find_endpoint(method: str, path: str) -> tuple[Endpoint, str] | None:
    """The endpoint that a request is for, and the id in its path, as it was sent.

    :param path: as sent, without the query.
    """
    for endpoint in ENDPOINTS:
        if endpoint.method == method:
            before, star, after = endpoint.path.partition("*")
            if path == before and not star:
                return endpoint, ""
            id = path.removeprefix(before).removesuffix(after)
            if star and path == f"{before}{id}{after}" and "/" not in id:
                return endpoint, id
    return None
