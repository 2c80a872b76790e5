"""What the stand-in says in a conversation, apart from the dialect in which it is asked.

Chat Completions and Responses read an :class:`Ask` out of their requests and write the
:class:`Said` in their own shape. The rules, in order:

- the last turn holds results of tools: the text quotes them, so that a round trip proves itself;
- tools are offered: the one that the choice or the user's text names is called, or else the first;
  all of them where the user's text says "parallel" (and calls in parallel aren't forbidden), with
  arguments that fit their schemas;
- the user's text says "refuse": a refusal;
- a JSON schema is asked for: a value that fits it;
- else the text quotes the user.
"""

from typing import Any

import orjson
from attrs import evolve, frozen

from openaiproxy.upstream.embedded.calls import Call
from openaiproxy.upstream.embedded.refusals import Refusal
from openaiproxy.upstream.embedded.specimens import specimen
from openaiproxy.upstream.embedded.texts import Short, Text, short_text, tokens

__all__ = ["Ask", "Offer", "Said", "ToolCall", "answer", "cut_words"]

_QUOTE = 300
REASONING = "**Reading the question** The answer is a quotation; there is little to think about."


@frozen
class Offer:
    """A tool that may be called.

    :param schema: the JSON schema of its arguments; ``None`` for a tool that takes plain text.
    """

    name: str
    schema: Any = None


@frozen
class Ask:
    """What a conversation asks for.

    :param text: the user's last text.
    :param pictures: how many images and files came with it.
    :param outputs: the results of tools that end the conversation.
    :param choice: ``auto``, ``none``, ``required``, or the name of a tool.
    :param format: ``text``, ``json_object`` or ``json_schema``, the last with ``schema``.
    :param limit: the most tokens that may be answered, or ``None``.
    :param tokens: how many tokens the request itself has.
    """

    text: str = ""
    pictures: int = 0
    outputs: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    choice: str = "auto"
    parallel: bool = True
    format: str = "text"
    schema: Any = None
    reasons: bool = False
    limit: int | None = None
    tokens: int = 0


@frozen
class ToolCall:
    """A call; ``arguments`` is JSON, or plain text where ``plain``."""

    name: str
    arguments: str
    plain: bool = False


@frozen
class Said:
    """What is answered: calls, or a refusal, or a text.

    :param short: whether the limit cut it.
    """

    text: Text | None = None
    refusal: Short | None = None
    calls: tuple[ToolCall, ...] = ()
    reasoning: Short | None = None
    short: bool = False
    asked_tokens: int = 0

    @property
    def reasoning_tokens(self) -> int:
        """Tokens of reasoning; part of :attr:`tokens`."""
        return self.reasoning.count if self.reasoning else 0

    @property
    def tokens(self) -> int:
        """Tokens of the whole answer."""
        parts = [p for p in (self.reasoning, self.text, self.refusal) if p is not None]
        calls = sum(1 + tokens(call.arguments) for call in self.calls)
        return sum(part.count for part in parts) + calls


def answer(ask: Ask, call: Call) -> Said:
    """Decide what to say; the same for the same question."""
    reasoning = short_text(REASONING) if ask.reasons else None
    said = Said(reasoning=reasoning, asked_tokens=ask.tokens)
    called = _called(ask)
    if called:
        return evolve(said, calls=tuple(_call(offer) for offer in called))
    if not ask.outputs and "refuse" in ask.text.lower():
        refusal = short_text("I'm sorry, but I can't help with that.")
        return evolve(said, refusal=refusal)
    return cut_words(evolve(said, text=call.text(_words(ask))), ask.limit)


def cut_words(said: Said, limit: int | None) -> Said:
    """The answer, with its text cut to the limit of tokens; reasoning counts first."""
    if limit is None or said.text is None or said.tokens <= limit:
        return said
    return evolve(said, text=said.text.head(max(0, limit - said.reasoning_tokens)), short=True)


def _called(ask: Ask) -> list[Offer]:
    if ask.outputs or ask.choice == "none" or not ask.offers:
        return []
    chosen = [o for o in ask.offers if o.name == ask.choice]
    if chosen:
        return chosen[:1]
    text = ask.text.lower()
    if "parallel" in text and ask.parallel:
        return list(ask.offers)
    named = [o for o in ask.offers if o.name.lower() in text]
    return (named or list(ask.offers))[:1]


def _call(offer: Offer) -> ToolCall:
    if offer.schema is None:
        return ToolCall(offer.name, "plain text", plain=True)
    value = _specimen(offer.schema, "tools")
    return ToolCall(offer.name, orjson.dumps(value if isinstance(value, dict) else {}).decode())


def _specimen(schema: Any, param: str) -> Any:
    """A specimen, or the refusal of a schema that isn't one."""
    try:
        return specimen(schema)
    except (AttributeError, LookupError, TypeError, ValueError, ZeroDivisionError):
        message = "Invalid schema: it isn't a valid JSON Schema."
        raise Refusal(400, message, param=param, code="invalid_schema") from None


def _words(ask: Ask) -> str:
    if ask.format == "json_schema":
        return orjson.dumps(_specimen(ask.schema, "format")).decode()
    if ask.format == "json_object":
        return orjson.dumps({"answer": ask.text[:_QUOTE]}).decode()
    if ask.outputs:
        return "The tool answered: " + "; ".join(ask.outputs)
    pictures = f" You also sent {ask.pictures} attachments." if ask.pictures else ""
    return f"This is the embedded upstream. You said: {ask.text[:_QUOTE]}{pictures}"
