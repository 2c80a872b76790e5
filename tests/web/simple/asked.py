"""A port with the simplified endpoints in memory, and requests to it."""

import json
from typing import Any

from openaiproxy.profile import ClientAuth, ClientKey, Credential, Simple
from tests.web.wiring import Asked, Connection, PlayedAnswer, ScriptedUpstream, Wired, request, wire

__all__ = [
    "EVENTS",
    "KEY",
    "OWN",
    "answer_json",
    "ask",
    "open_simple",
    "sent_json",
    "stream",
    "told",
]

KEY = "the-security-key"
OWN = {"security_key": KEY}
EVENTS = [(b"Content-Type", b"text/event-stream"), (b"x-request-id", b"req_1")]


def open_simple(**changes: Any) -> Wired:
    """The port, with a key for its callers and one for each upstream; changes are its profile's."""
    usual: dict[str, Any] = {
        "auth": ClientAuth((ClientKey("alice", KEY),), ("x-security-key",)),
        "credential": Credential(key="sk-server", organization="org-s", project="proj-s"),
        "token": "the-access-token",
        "simple": Simple(anthropic_key="sk-ant-server"),
    }
    wired = wire("simple", **{**usual, **changes})
    other: Any = ScriptedUpstream()
    wired.port.anthropic = other
    return wired


def ask(
    wired: Wired,
    target: str = "/openai2",
    body: Any = None,
    *headers: str,
    method: str = "POST",
) -> Connection:
    """A request; a body that is no bytes is sent as JSON, a security key added."""
    data = body
    if isinstance(body, dict):
        data = json.dumps({**OWN, **body}).encode()
    return wired.client().send(request(method, target, *headers, body=data))


def sent_json(asked: Asked) -> Any:
    """What went upstream."""
    return json.loads(bytes(asked.upload.data))


def answer_json(asked: Asked, document: Any, status: int = 200, **fields: Any) -> PlayedAnswer:
    """Answer as the upstream does."""
    played = asked.answer(status=status, **fields)
    played.send(json.dumps(document).encode())
    played.end()
    return played


def stream(wired: Wired) -> tuple[Connection, PlayedAnswer]:
    """A stream of ``/openai2`` that has begun upstream."""
    client = ask(wired, "/openai2", {"model": "m", "input": "x", "stream": True})
    return client, wired.upstream.asked[-1].answer(headers=EVENTS)


def told(client: Connection) -> tuple[int, dict[str, Any]]:
    """The status and the error of the only answer."""
    head, _, body = client.received().partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]
