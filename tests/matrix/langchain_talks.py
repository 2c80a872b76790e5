"""LangChain: ``ChatOpenAI`` over Chat and Responses, and ``ChatAnthropic``."""

import base64
from collections.abc import Callable
from typing import Any

from attrs import define

from tests.matrix.heard import IMAGE, IMAGE_URL, SCHEMAS, Heard, Question, Tools, Verdict

__all__ = ["LangChainTalk", "chat_model", "messages_model", "responses_model"]

Json = dict[str, Any]


def chat_model(base: str, question: Question) -> Any:
    """``ChatOpenAI`` over Chat."""
    return _openai(base, question, use_responses_api=False, **_effort(question))


def responses_model(base: str, question: Question) -> Any:
    """``ChatOpenAI`` over Responses."""
    more: Json = {"use_responses_api": True, "store": False}
    if question.thinks:
        more["reasoning"] = {"effort": "low", "summary": "auto"}
    return _openai(base, question, **more)


def messages_model(base: str, question: Question) -> Any:
    """``ChatAnthropic``."""
    from langchain_anthropic import ChatAnthropic

    thinking: Json = {"type": "enabled", "budget_tokens": 2048}
    return ChatAnthropic(
        model=question.model,
        base_url=base,
        api_key="sk-a",
        max_retries=0,
        timeout=10,
        max_tokens=4096,
        **({"thinking": thinking} if question.thinks else {}),
    )


def _effort(question: Question) -> Json:
    return {"reasoning_effort": "low"} if question.thinks else {}


def _openai(base: str, question: Question, **more: Any) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(
        model=question.model,
        base_url=f"{base}/v1",
        api_key="sk-a",
        max_retries=0,
        timeout=10,
        stream_usage=True,
        **more,
    )


@define(eq=False)
class LangChainTalk:
    """One of LangChain's models at one port.

    :param make: makes the model for a question.
    """

    base: str
    make: Callable[[str, Question], Any]

    def ask(self, question: Question) -> list[Heard]:
        """Ask, and answer calls until there are none."""
        from langchain_core.messages import HumanMessage, ToolMessage

        model = self.make(self.base, question)
        if question.schema:
            return [self._structured(model, question)]
        if question.tools:
            model = model.bind_tools([_tool(name, schema) for name, schema in SCHEMAS.items()])
        history: list[Any] = [HumanMessage(_content(question))]
        heard, tools = [], Tools()
        while True:
            message, said = _turn(model, history, stream=question.stream)
            heard.append(said)
            if not message.tool_calls:
                return heard
            history.append(message)
            history += [
                ToolMessage(tools.run(call["name"]), tool_call_id=call["id"])
                for call in message.tool_calls
            ]

    def _structured(self, model: Any, question: Question) -> Heard:
        asked = model.with_structured_output(Verdict, method="json_schema", include_raw=True)
        if question.stream:
            found: Json = {}
            for piece in asked.stream(question.text):
                found = {**found, **piece}
        else:
            found = asked.invoke(question.text)
        assert found["parsing_error"] is None, found["parsing_error"]
        return hear(found["raw"], parsed=found["parsed"].model_dump())

    def models(self) -> list[str]:
        """LangChain has no list."""
        raise NotImplementedError

    def count(self, text: str) -> int:
        """``ChatAnthropic`` asks; the others count by themselves."""
        from langchain_core.messages import HumanMessage

        model = self.make(self.base, Question(text, "claude-a"))
        return model.get_num_tokens_from_messages([HumanMessage(text)])

    def close(self) -> None:
        """Nothing is kept."""


def _tool(name: str, schema: Json) -> Json:
    function = {"name": name, "description": f"The {name}.", "parameters": schema}
    return {"type": "function", "function": function}


def _content(question: Question) -> Any:
    if not question.image:
        return question.text
    data = base64.b64encode(IMAGE).decode()
    return [
        {"type": "text", "text": question.text},
        {"type": "image", "base64": data, "mime_type": "image/png"},
        {"type": "image", "url": IMAGE_URL},
    ]


def _turn(model: Any, history: list[Any], *, stream: bool) -> tuple[Any, Heard]:
    if not stream:
        message = model.invoke(history)
        return message, hear(message)
    pieces = list(model.stream(history))
    whole = pieces[0]
    for piece in pieces[1:]:
        whole = whole + piece
    spoken = sum(bool(_text(piece)) for piece in pieces)
    return whole, hear(whole, pieces=spoken)


def hear(message: Any, *, pieces: int = 1, parsed: Any = None) -> Heard:
    """What a message says."""
    told = message.response_metadata
    end = told.get("finish_reason") or told.get("stop_reason") or told.get("status") or ""
    calls = [(call["name"], call["args"]) for call in message.tool_calls]
    words = {"end_turn": "stop", "completed": "stop", "tool_calls": "tools", "tool_use": "tools"}
    end = words.get(end, end)
    usage = message.usage_metadata
    return Heard(
        text=_text(message),
        calls=calls,
        end="tools" if calls and end == "stop" else end,
        usage=(usage["input_tokens"], usage["output_tokens"]),
        thoughts=_thoughts(message),
        pieces=pieces,
        parsed=parsed,
    )


def _text(message: Any) -> str:

    return str(message.text)


def _thoughts(message: Any) -> str:
    """Thoughts, in the one shape that LangChain gives to all makers' blocks."""
    blocks = [block for block in message.content_blocks if block["type"] == "reasoning"]
    return "".join(block.get("reasoning") or "" for block in blocks)
