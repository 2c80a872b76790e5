"""The ``openai`` SDK: Chat Completions and Responses, with their ``parse`` and ``stream`` methods."""

import base64
import json
from typing import Any

from attrs import define
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

from tests.matrix.heard import IMAGE, IMAGE_URL, SCHEMAS, Heard, Question, Tools, Verdict
from tests.matrix.lines import AsyncLine, Line, SyncLine

__all__ = ["ChatTalk", "ResponsesTalk", "openai_line"]

Json = dict[str, Any]
DATA_URL = "data:image/png;base64," + base64.b64encode(IMAGE).decode()


def openai_line(base: str, manner: str) -> Line:
    """A client of a port. Proxies of the machine's own are left aside (``trust_env``)."""
    settings: Json = {"base_url": f"{base}/v1", "api_key": "sk-a", "max_retries": 0, "timeout": 10}
    if manner == "sync":
        return SyncLine(OpenAI(**settings, http_client=DefaultHttpxClient(trust_env=False)))
    return AsyncLine(AsyncOpenAI(**settings, http_client=DefaultAsyncHttpxClient(trust_env=False)))


@define(eq=False)
class _Talk:
    """What both have."""

    line: Line

    def models(self) -> list[str]:
        """The list."""
        return [model.id for model in self.line.listed(lambda c: c.models.list())]

    def close(self) -> None:
        """Close its connections."""
        self.line.close()


class ChatTalk(_Talk):
    """``client.chat.completions``."""

    def ask(self, question: Question) -> list[Heard]:
        """Ask, and answer calls until there are none."""
        if question.raw:
            return [self._raw(question)]
        content: Any = question.text
        if question.image:
            urls = [{"url": DATA_URL}, {"url": IMAGE_URL}]
            content = [{"type": "text", "text": question.text}]
            content += [{"type": "image_url", "image_url": url} for url in urls]
        history: list[Any] = [{"role": "user", "content": content}]
        heard, tools = [], Tools()
        while True:
            message, said = self._turn(question, history)
            heard.append(said)
            if not message.tool_calls:
                return heard
            history.append(message.model_dump(exclude_none=True, warnings=False))
            for call in message.tool_calls:
                output = tools.run(call.function.name)
                history.append({"role": "tool", "tool_call_id": call.id, "content": output})

    def _turn(self, question: Question, history: list[Any]) -> tuple[Any, Heard]:
        settings = _chat_settings(question)
        settings["messages"] = history
        pieces = 1
        if question.stream:
            settings["stream_options"] = {"include_usage": True}
            events, completion = self.line.helped(
                lambda c: c.chat.completions.stream(**settings), "get_final_completion"
            )
            pieces = sum(event.type == "content.delta" for event in events)
        elif question.schema:
            completion = self.line.call(lambda c: c.chat.completions.parse(**settings))
        else:
            completion = self.line.call(lambda c: c.chat.completions.create(**settings))
        [choice] = completion.choices
        message, usage = choice.message, completion.usage
        calls = [(c.function.name, c.function.arguments) for c in message.tool_calls or ()]
        parsed = message.parsed if question.schema else None
        return message, Heard(
            text=message.content or "",
            calls=[(name, json.loads(arguments)) for name, arguments in calls],
            end={"tool_calls": "tools"}.get(choice.finish_reason, choice.finish_reason),
            usage=(usage.prompt_tokens, usage.completion_tokens),
            thoughts=getattr(message, "reasoning_content", None) or "",
            pieces=pieces,
            parsed=parsed and parsed.model_dump(),
        )

    def _raw(self, question: Question) -> Heard:
        chunks = self.line.listed(
            lambda c: c.chat.completions.create(
                model=question.model,
                messages=[{"role": "user", "content": question.text}],
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        *choices, usage = [choice for chunk in chunks for choice in chunk.choices or [chunk.usage]]
        texts = [choice.delta.content for choice in choices if choice.delta.content]
        return Heard(
            text="".join(texts),
            end="".join(choice.finish_reason or "" for choice in choices),
            usage=(usage.prompt_tokens, usage.completion_tokens),
            pieces=len(texts),
        )

    def count(self, text: str) -> int:
        """Chat has no way to ask."""
        raise NotImplementedError


def _chat_settings(question: Question) -> Json:
    settings: Json = {"model": question.model}
    if question.tools:
        functions = [
            {"name": name, "parameters": schema, "strict": True} for name, schema in SCHEMAS.items()
        ]
        settings["tools"] = [{"type": "function", "function": each} for each in functions]
    if question.schema:
        settings["response_format"] = Verdict
    if question.thinks:
        settings["reasoning_effort"] = "low"
    return settings


class ResponsesTalk(_Talk):
    """``client.responses``, its history in the request (``store=False``)."""

    def ask(self, question: Question) -> list[Heard]:
        """Ask, and answer calls until there are none."""
        if question.raw:
            return [self._raw(question)]
        content: Any = question.text
        if question.image:
            content = [{"type": "input_text", "text": question.text}]
            content += [{"type": "input_image", "image_url": url} for url in (DATA_URL, IMAGE_URL)]
        history: list[Any] = [{"role": "user", "content": content}]
        heard, tools = [], Tools()
        while True:
            response, said = self._turn(question, history)
            heard.append(said)
            calls = [item for item in response.output if item.type == "function_call"]
            if not calls:
                return heard
            history += [
                item.model_dump(exclude_none=True, exclude={"parsed_arguments"})
                for item in response.output
            ]
            for call in calls:
                output = tools.run(call.name)
                kind = "function_call_output"
                history.append({"type": kind, "call_id": call.call_id, "output": output})

    def _turn(self, question: Question, history: list[Any]) -> tuple[Any, Heard]:
        settings = _responses_settings(question)
        settings["input"] = history
        pieces = 1
        if question.stream:
            events, response = self.line.helped(
                lambda c: c.responses.stream(**settings), "get_final_response"
            )
            pieces = sum(event.type == "response.output_text.delta" for event in events)
        elif question.schema:
            response = self.line.call(lambda c: c.responses.parse(**settings))
        else:
            response = self.line.call(lambda c: c.responses.create(**settings))
        items, usage = response.output, response.usage
        calls = [(i.name, json.loads(i.arguments)) for i in items if i.type == "function_call"]
        end = {"completed": "stop"}.get(response.status, response.status)
        thoughts = [i.summary or i.content or [] for i in items if i.type == "reasoning"]
        parsed = response.output_parsed if question.schema else None
        return response, Heard(
            text=response.output_text,
            calls=calls,
            end="tools" if calls and end == "stop" else end,
            usage=(usage.input_tokens, usage.output_tokens),
            thoughts="".join(part.text for parts in thoughts for part in parts),
            pieces=pieces,
            parsed=parsed and parsed.model_dump(),
        )

    def _raw(self, question: Question) -> Heard:
        events = self.line.listed(
            lambda c: c.responses.create(
                model=question.model, input=question.text, stream=True, store=False
            )
        )
        assert [event.sequence_number for event in events] == list(range(len(events)))
        texts = [event.delta for event in events if event.type == "response.output_text.delta"]
        usage = events[-1].response.usage
        return Heard(
            text="".join(texts),
            end={"response.completed": "stop"}.get(events[-1].type, events[-1].type),
            usage=(usage.input_tokens, usage.output_tokens),
            pieces=len(texts),
        )

    def count(self, text: str) -> int:
        """``/v1/responses/input_tokens``."""
        asked = self.line.call(
            lambda c: c.responses.input_tokens.count(model="gpt-4.1", input=text)
        )
        return asked.input_tokens


def _responses_settings(question: Question) -> Json:
    settings: Json = {"model": question.model, "store": False}
    if question.tools:
        settings["tools"] = [
            {"type": "function", "name": name, "parameters": schema, "strict": True}
            for name, schema in SCHEMAS.items()
        ]
    if question.schema:
        settings["text_format"] = Verdict
    if question.thinks:
        settings["reasoning"] = {"effort": "low", "summary": "auto"}
        settings["include"] = ["reasoning.encrypted_content"]
    return settings
