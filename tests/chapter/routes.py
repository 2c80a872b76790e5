"""The routes that chatgpt-proxy had, each with a request that it takes, and questions to a port in memory."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from tests.web.simple.asked import KEY, answer_json, ask, open_simple
from tests.web.wiring import Asked, Connection, Wired, request

__all__ = ["JSON_ROUTES", "QUERY_ROUTES", "ROUTES", "STOCK_ROUTES", "Route", "put"]


@frozen
class Route:
    """One route, with what is asked of it.

    :param upstream: method and path of what the upstream is asked.
    :param body: what a request says beside the proxy's own; ``None`` where that stands in the query.
    :param headers: of the request.
    :param answer: the upstream's.
    :param anthropic: whether Anthropic is asked.
    """

    method: str
    path: str
    upstream: str
    body: Mapping[str, Any] | None = None
    headers: tuple[str, ...] = ()
    answer: Mapping[str, Any] = {"id": "x"}
    anthropic: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


_ASK = {"model": "m", "input": "x"}
_MESSAGES = [{"role": "user", "content": "x"}]
_CHAT = {"model": "m", "messages": _MESSAGES}
_COMPLETION = {"id": "c", "choices": [{"message": {"role": "assistant", "content": "Hi"}}]}

JSON_ROUTES = (
    Route("POST", "/openai", "POST /v1/chat/completions", _CHAT),
    Route("POST", "/openai2", "POST /v1/responses", _ASK),
    Route("POST", "/openai2/compact", "POST /v1/responses/compact", _ASK),
    Route("POST", "/openai2/input_tokens", "POST /v1/responses/input_tokens", _ASK),
    Route("POST", "/chatgpt", "POST /v1/chat/completions", {"prompt": "x"}, answer=_COMPLETION),
    Route("POST", "/embeddings", "POST /v1/embeddings", _ASK),
    Route("POST", "/anthropic", "POST /v1/messages", _CHAT, anthropic=True),
    Route("POST", "/openai2/resp_1/cancel", "POST /v1/responses/resp_1/cancel", {}),
)
"""Those that say all in a body."""

QUERY_ROUTES = (
    Route("GET", "/openai2/resp_1", "GET /v1/responses/resp_1"),
    Route("DELETE", "/openai2/resp_1", "DELETE /v1/responses/resp_1"),
    Route("GET", "/openai2/resp_1/input_items", "GET /v1/responses/resp_1/input_items"),
)
"""Those that say all in a query."""

_STOCK = (f"X-Security-Key: {KEY}", "Authorization: Bearer sk-x", "Content-Type: application/json")
STOCK_ROUTES = (
    Route("POST", "/v1/chat/completions", "POST /v1/chat/completions", _CHAT, _STOCK),
    Route("POST", "/v1/responses", "POST /v1/responses", _ASK, _STOCK),
)
"""Those for unchanged SDKs."""

ROUTES = JSON_ROUTES + QUERY_ROUTES + STOCK_ROUTES


def put(
    route: Route,
    wired: Wired | None = None,
    *headers: str,
    answer: bool = True,
    **own: Any,
) -> tuple[Wired, Connection, Asked]:
    """Put a route's request, and have the upstream answer it.

    :param own: what the request says to the proxy, beside its key.
    """
    wired = wired or open_simple()
    if route.body is None:
        query = "".join(f"&{name}={value}" for name, value in own.items())
        target = f"{route.path}?security_key={KEY}{query}"
        client = wired.client().send(request(route.method, target, *headers))
    else:
        body = {**route.body, **own}
        client = ask(wired, route.path, body, *route.headers, *headers, method=route.method)
    upstream: Any = wired.port.anthropic if route.anthropic else wired.upstream
    asked: Asked = upstream.asked[-1]
    if answer:
        answer_json(asked, route.answer)
    return wired, client, asked
