"""A client and the embedded upstream in one process's memory, with a clock of the test's."""

import json
from typing import Any

from attrs import define, field
from openai._streaming import SSEDecoder
from treq.client import HTTPClient
from treq.testing import RequestTraversalAgent, _SynchronousProducer
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss

from openaiproxy.upstream.embedded.door import Door, resource

__all__ = ["Answered", "Room", "chat", "events", "frames", "message", "question"]


@define
class Answered:
    """What the client has of an answer so far."""

    response: Any = None
    failure: Failure | None = None
    body: bytearray = field(factory=bytearray)
    lost: Failure | None = None
    transport: Any = None

    # The protocol that the body is delivered to.
    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def dataReceived(self, data: bytes) -> None:
        self.body += data

    def connectionLost(self, reason: Failure) -> None:
        self.lost = reason

    @property
    def whole(self) -> bool:
        return self.lost is not None and self.lost.check(ResponseDone) is not None

    @property
    def broken(self) -> bool:
        return self.lost is not None and not self.lost.check(ResponseDone, PotentialDataLoss)

    @property
    def status(self) -> int:
        return self.response.code

    @property
    def json(self) -> Any:
        return json.loads(bytes(self.body))

    def header(self, name: str) -> str | None:
        values = self.response.headers.getRawHeaders(name)
        return values[0] if values else None


class Room:
    """The stand-in and its client."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.door: Door = resource(self.clock)
        self.agent = RequestTraversalAgent(self.door)
        self.client = HTTPClient(self.agent, data_to_body_producer=_SynchronousProducer)

    def ask(
        self, method: str, path: str, body: Any = None, fault: str = "", **more: Any
    ) -> Answered:
        """Send a request; return what has come once the clock stands still."""
        headers = {**more.pop("more_headers", {}), **({"x-embedded-fault": fault} if fault else {})}
        if body is not None:
            more["json"] = body
        answered = Answered()

        def arrived(response: Any) -> None:
            answered.response = response
            response.original.deliverBody(answered)

        def failed(failure: Failure) -> None:
            answered.failure = failure

        asked = self.client.request(
            method, f"http://embedded.test{path}", headers=headers, unbuffered=True, **more
        )
        asked.addCallbacks(arrived, failed)
        self.pump()
        return answered

    def post(self, path: str, body: Any = None, fault: str = "", **more: Any) -> Answered:
        return self.ask("POST", path, body, fault, **more)

    def get(self, path: str, fault: str = "") -> Answered:
        return self.ask("GET", path, fault=fault)

    def pump(self, seconds: float = 0, turns: int = 20) -> None:
        """Let time pass, and the two sides hear each other."""
        self.agent.flush()
        self.clock.advance(seconds)
        for _ in range(turns):
            self.agent.flush()
            self.clock.advance(0)


def frames(body: bytes) -> list[tuple[str | None, str]]:
    """The events of a stream as a client's own decoder reads them: name and data."""
    return [(event.event, event.data) for event in SSEDecoder().iter_bytes(iter([bytes(body)]))]


def events(body: bytes) -> list[dict[str, Any]]:
    """The documents of a stream, without ``[DONE]``."""
    return [json.loads(data) for _, data in frames(body) if data != "[DONE]"]


def chat(text: str, **more: Any) -> dict[str, Any]:
    """A chat request with one message."""
    return {"model": "gpt-4.1", "messages": [{"role": "user", "content": text}], **more}


def question(words: str, **more: Any) -> dict[str, Any]:
    """A Responses request with a text."""
    return {"model": "gpt-5", "input": words, **more}


def message(text: str, **more: Any) -> dict[str, Any]:
    """A Messages request with one message."""
    model, said = "claude-embedded", [{"role": "user", "content": text}]
    return {"model": model, "max_tokens": 4096, "messages": said, **more}
