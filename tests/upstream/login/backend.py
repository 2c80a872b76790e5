"""A double of what is behind a ChatGPT login: the token endpoint, and the backend with its refusals.

It is made from what is known of the real ones; no call to those was made.
"""

import json
import time
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from .home import ACCOUNT, HOUR, jwt

REFUSED = frozenset(
    (
        "max_output_tokens",
        "max_completion_tokens",
        "max_tokens",
        "temperature",
        "top_p",
        "truncation",
        "user",
        "metadata",
        "context_management",
        "prompt_cache_retention",
        "prompt_cache_options",
        "previous_response_id",
        "stream_options",
    )
)
PAGE = b"<!DOCTYPE html><title>Just a moment...</title><script src=/cdn-cgi/challenge-platform/>"


class Backend(Resource):
    """Both, by path.

    :ivar refreshes: how often tokens were granted.
    :ivar calls: how often the token endpoint was asked.
    :ivar refresh: the one refresh token that is good.
    :ivar access: the one access token that is good.
    :ivar slow: whether the token endpoint waits for :meth:`go_on`.
    :ivar verdict: status and code that the token endpoint answers with.
    """

    isLeaf = True

    def __init__(self, refresh: str = "rt-0", access: str = "") -> None:
        super().__init__()
        self.refresh = refresh
        self.access = access
        self.refreshes = self.calls = 0
        self.slow = False
        self.page = False
        self.verdict: tuple[int, str] | None = None
        self.asked: Deferred[None] = Deferred()
        self.bodies: list[dict[str, Any]] = []
        self._held: list[Request] = []

    def render(self, request: Request) -> Any:
        match request.path:
            case b"/oauth/token" if request.method == b"POST":
                return self._token(request)
            case b"/backend-api/codex/responses" if request.method == b"POST":
                return self._responses(request)
            case b"/backend-api/codex/models" if b"client_version" in request.args:
                return _answer(request, 200, {"models": []})
        return _answer(request, 404, {"detail": "Not Found"})

    def go_on(self) -> None:
        """Answer whoever waits for tokens."""
        held, self._held = self._held, []
        for request in held:
            request.write(self._granted(request))
            request.finish()

    def _token(self, request: Request) -> Any:
        self.calls += 1
        slow = self.slow
        if slow:
            self._held.append(request)
        if not self.asked.called:
            self.asked.callback(None)
        return NOT_DONE_YET if slow else self._granted(request)

    def _granted(self, request: Request) -> bytes:
        asked = json.loads(request.content.getvalue())  # type: ignore[attr-defined]
        if self.verdict is not None:
            status, code = self.verdict
            return _answer(request, status, {"error": {"code": code}})
        if asked["grant_type"] != "refresh_token" or asked["refresh_token"] != self.refresh:
            return _answer(request, 401, {"error": {"code": "refresh_token_reused"}})
        self.refreshes += 1
        self.refresh = f"rt-{self.refreshes}"
        self.access = jwt(str(self.refreshes), time.time() + HOUR)
        found = {"access_token": self.access, "refresh_token": self.refresh}
        return _answer(request, 200, found)

    def _responses(self, request: Request) -> bytes:
        if self.page:
            request.setHeader(b"content-type", b"text/html; charset=UTF-8")
            request.setHeader(b"cf-mitigated", b"challenge")
            request.setResponseCode(403)
            return PAGE
        if request.getHeader(b"authorization") != b"Bearer " + self.access.encode():
            return _answer(request, 401, {"detail": "Could not parse your token."})
        if request.getHeader(b"chatgpt-account-id") != ACCOUNT.encode():
            return _answer(request, 403, {"detail": "No such account."})
        body = json.loads(request.content.getvalue())  # type: ignore[attr-defined]
        self.bodies.append(body)
        complaint = complaint_about(body)
        if complaint is not None:
            return _answer(request, 400, {"detail": complaint})
        request.setHeader(b"content-type", b"text/event-stream")
        return self.told(request, body)

    def told(self, request: Request, body: dict[str, Any]) -> Any:
        """The stream that answers a request which nothing is wrong with."""
        completed = {"type": "response.completed", "response": {"id": "resp_1", "output": []}}
        return b"event: response.completed\ndata: " + json.dumps(completed).encode() + b"\n\n"


def complaint_about(body: dict[str, Any]) -> str | None:
    """Why the backend would refuse a request: all that it must have, and nothing that it refuses."""
    for name in body:
        if name in REFUSED:
            return f"Unsupported parameter: {name}"
    if body.get("stream") is not True:
        return "Stream must be set to true"
    if body.get("store") is not False:
        return "Store must be set to false"
    if not isinstance(body.get("instructions"), str):
        return "Instructions are required"
    if not isinstance(body.get("input"), list):
        return "Input must be a list"
    if body.get("service_tier", "priority") not in ("priority", "fast"):
        return "Unsupported service_tier"
    if "reasoning.encrypted_content" not in body.get("include", []):
        return "Reasoning must be included"
    return _complaint_about_tools(body) or _complaint_about_items(body["input"])


def _complaint_about_tools(body: dict[str, Any]) -> str | None:
    tools = body.get("tools") or []
    if "parallel_tool_calls" in body and not tools:
        return "parallel_tool_calls needs tools"
    for tool in tools:
        if str(tool.get("type")).startswith("web_search_preview"):
            return "Unsupported tool"
        if len(tool.get("name") or "") > 64:
            return "Name too long"
    return None


def _complaint_about_items(items: list[dict[str, Any]]) -> str | None:
    for item in items:
        if item.get("role") == "system":
            return "System messages are not allowed"
        if item.get("type") == "item_reference" or len(item.get("id") or "") > 64:
            return "Item not found"
        if len(item.get("call_id") or "") > 64 or len(item.get("name") or "") > 64:
            return "Name too long"
    return None


def _answer(request: Request, status: int, found: Any) -> bytes:
    request.setResponseCode(status)
    request.setHeader(b"content-type", b"application/json")
    return json.dumps(found).encode()
