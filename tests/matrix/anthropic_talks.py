"""The ``anthropic`` SDK: messages, its stream class, its tool runner."""

import base64
from typing import Any

from anthropic import (
    Anthropic,
    AsyncAnthropic,
    DefaultAsyncHttpxClient,
    DefaultHttpxClient,
    beta_async_tool,
    beta_tool,
)
from attrs import define

from tests.matrix.heard import IMAGE, IMAGE_URL, SCHEMAS, Heard, Question, Tools, Verdict
from tests.matrix.lines import AsyncLine, Line, SyncLine

__all__ = ["MessagesTalk", "RunnerTalk", "anthropic_line"]

Json = dict[str, Any]
_BUDGET = 2048


def anthropic_line(base: str, manner: str) -> Line:
    """A client of a port. Proxies of the machine's own are left aside (``trust_env``)."""
    settings: Json = {"base_url": base, "api_key": "sk-a", "max_retries": 0, "timeout": 10}
    if manner == "sync":
        return SyncLine(Anthropic(**settings, http_client=DefaultHttpxClient(trust_env=False)))
    http = DefaultAsyncHttpxClient(trust_env=False)
    return AsyncLine(AsyncAnthropic(**settings, http_client=http))


@define(eq=False)
class MessagesTalk:
    """``client.messages``."""

    line: Line

    def ask(self, question: Question) -> list[Heard]:
        """Ask, and answer calls until there are none."""
        if question.raw:
            return [self._raw(question)]
        history: list[Any] = [{"role": "user", "content": _content(question)}]
        heard, tools = [], Tools()
        while True:
            message, said = self._turn(question, history)
            heard.append(said)
            calls = [block for block in message.content if block.type == "tool_use"]
            if not calls:
                return heard
            history.append({"role": "assistant", "content": message.content})
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": tools.run(call.name)}
                for call in calls
            ]
            history.append({"role": "user", "content": results})

    def _turn(self, question: Question, history: list[Any]) -> tuple[Any, Heard]:
        settings = _settings(question)
        settings["messages"] = history
        pieces = 1
        if question.stream:
            events, message = self.line.helped(
                lambda c: c.messages.stream(**settings), "get_final_message"
            )
            pieces = sum(event.type == "text" for event in events)
        elif question.schema:
            message = self.line.call(lambda c: c.messages.parse(**settings))
        else:
            message = self.line.call(lambda c: c.messages.create(**settings))
        return message, hear(message, pieces, parsed=question.schema)

    def _raw(self, question: Question) -> Heard:
        settings = _settings(question)
        settings["messages"] = [{"role": "user", "content": question.text}]
        events = self.line.listed(lambda c: c.messages.create(stream=True, **settings))
        texts = [event.delta.text for event in events if event.type == "content_block_delta"]
        begun, last = events[0].message.usage, events[-2]
        assert events[-1].type == "message_stop"
        return Heard(
            text="".join(texts),
            end={"end_turn": "stop"}.get(last.delta.stop_reason, last.delta.stop_reason),
            usage=(last.usage.input_tokens or begun.input_tokens, last.usage.output_tokens),
            pieces=len(texts),
        )

    def models(self) -> list[str]:
        """The list."""
        return [model.id for model in self.line.listed(lambda c: c.models.list())]

    def count(self, text: str) -> int:
        """``/v1/messages/count_tokens``."""
        messages: Any = [{"role": "user", "content": text}]
        counted = self.line.call(
            lambda c: c.messages.count_tokens(model="claude-a", messages=messages)
        )
        return counted.input_tokens

    def close(self) -> None:
        """Close its connections."""
        self.line.close()


def hear(message: Any, pieces: int = 1, *, parsed: bool = False) -> Heard:
    """What a message says."""
    blocks, usage = message.content, message.usage
    found = message.parsed_output if parsed else None
    ends = {"end_turn": "stop", "tool_use": "tools"}
    return Heard(
        text="".join(block.text for block in blocks if block.type == "text"),
        calls=[(block.name, block.input) for block in blocks if block.type == "tool_use"],
        end=ends.get(message.stop_reason, message.stop_reason),
        usage=(usage.input_tokens, usage.output_tokens),
        thoughts="".join(block.thinking for block in blocks if block.type == "thinking"),
        pieces=pieces,
        parsed=found and found.model_dump(),
    )


def _content(question: Question) -> Any:
    if not question.image:
        return question.text
    data = base64.b64encode(IMAGE).decode()
    sources: list[Json] = [
        {"type": "base64", "media_type": "image/png", "data": data},
        {"type": "url", "url": IMAGE_URL},
    ]
    images = [{"type": "image", "source": source} for source in sources]
    return [{"type": "text", "text": question.text}, *images]


def _settings(question: Question) -> Json:
    settings: Json = {"model": question.model, "max_tokens": 4096}
    if question.tools:
        settings["tools"] = [
            {"name": name, "input_schema": schema} for name, schema in SCHEMAS.items()
        ]
    if question.schema:
        settings["output_format"] = Verdict
    if question.thinks:
        settings["thinking"] = {"type": "enabled", "budget_tokens": _BUDGET}
    return settings


class RunnerTalk(MessagesTalk):
    """``client.beta.messages.tool_runner``, which answers the calls itself."""

    def ask(self, question: Question) -> list[Heard]:
        """Ask, and let it run."""
        tools = Tools()
        made = _async_tools(tools) if isinstance(self.line, AsyncLine) else _sync_tools(tools)
        settings: Json = {
            "model": question.model,
            "max_tokens": 4096,
            "tools": made,
            "messages": [{"role": "user", "content": question.text}],
        }
        messages = self.line.listed(lambda c: c.beta.messages.tool_runner(**settings))
        return [hear(message) for message in messages]


def _sync_tools(tools: Tools) -> list[Any]:
    @beta_tool
    def weather(city: str) -> str:
        """The weather of a city."""
        return tools.run("weather")

    @beta_tool
    def clock(zone: str) -> str:
        """The time in a zone."""
        return tools.run("clock")

    return [weather, clock]


def _async_tools(tools: Tools) -> list[Any]:
    @beta_async_tool
    async def weather(city: str) -> str:
        """The weather of a city."""
        return tools.run("weather")

    @beta_async_tool
    async def clock(zone: str) -> str:
        """The time in a zone."""
        return tools.run("clock")

    return [weather, clock]
