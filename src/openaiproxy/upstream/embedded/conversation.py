"""What the stand-in says in a conversation, apart from the dialect in which it is asked.

Chat Completions, Responses and Messages read an :class:`Ask` out of their requests and write the
:class:`Said` in their own shape. The rules, in order:

- the last turn holds results of tools: the text quotes all since the question, so that a round trip
  proves itself; where the question says "twice", the tools are called once more after the first;
- tools are offered: the one that the choice or the user's text names is called, or else the first;
  all of them where the user's text says "parallel" (and calls in parallel aren't forbidden), with
  arguments that fit their schemas;
- the user's text says "refuse": a refusal;
- a JSON schema is asked for: a value that fits it;
- else the text quotes the user, and tells what pictures and files came along.

A text ends before the first of the sequences that are to stop it, and at the limit of tokens.
"""

from typing import Any

import orjson
from attrs import evolve, field, frozen

from openaiproxy.upstream.embedded.calls import Call
from openaiproxy.upstream.embedded.history import Awaited
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

    :param awaited: what the conversation so far leaves to answer.
    :param choice: ``auto``, ``none``, ``required``, or the name of a tool.
    :param format: ``text``, ``json_object`` or ``json_schema``, the last with ``schema``.
    :param stops: sequences that end the text before them.
    :param limit: the most tokens that may be answered, or ``None``.
    :param tokens: how many tokens the request itself has.
    """

    awaited: Awaited = field(factory=Awaited)
    offers: tuple[Offer, ...] = ()
    choice: str = "auto"
    parallel: bool = True
    format: str = "text"
    schema: Any = None
    reasons: bool = False
    stops: tuple[str, ...] = ()
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
    :param filtered: whether a content filter cut it.
    :param stopped: the sequence before which it ends, if one stopped it.
    """

    text: Text | None = None
    refusal: Short | None = None
    calls: tuple[ToolCall, ...] = ()
    reasoning: Short | None = None
    short: bool = False
    filtered: bool = False
    stopped: str | None = None
    asked_tokens: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing cut it."""
        return not (self.short or self.filtered)

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
    if not ask.awaited.outputs and "refuse" in ask.awaited.text.lower():
        refusal = short_text("I'm sorry, but I can't help with that.")
        return evolve(said, refusal=refusal)
    text = call.text(_words(ask))
    if call.fault.filtered:
        return evolve(said, text=text.head(text.count // 2), filtered=True)
    return cut_words(_stopped(evolve(said, text=text), ask.stops), ask.limit)


def _stopped(said: Said, stops: tuple[str, ...]) -> Said:
    """The answer up to the first of these sequences; a long text has none of them."""
    if not isinstance(said.text, Short):
        return said
    text = said.text.value
    found = [(text.index(stop), stop) for stop in stops if stop and stop in text]
    if not found:
        return said
    at, stop = min(found)
    return evolve(said, text=short_text(text[:at]), stopped=stop)


def cut_words(said: Said, limit: int | None) -> Said:
    """The answer, with its text cut to the limit of tokens; reasoning counts first."""
    if limit is None or said.text is None or said.tokens <= limit:
        return said
    text = said.text.head(max(0, limit - said.reasoning_tokens))
    return evolve(said, text=text, short=True, stopped=None)


def _called(ask: Ask) -> list[Offer]:
    text = ask.awaited.text.lower()
    again = ask.awaited.rounds == 1 and "twice" in text
    if (ask.awaited.outputs and not again) or ask.choice == "none" or not ask.offers:
        return []
    chosen = [o for o in ask.offers if o.name == ask.choice]
    if chosen:
        return chosen[:1]
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
    awaited = ask.awaited
    if ask.format == "json_object":
        return orjson.dumps({"answer": awaited.text[:_QUOTE]}).decode()
    words = f"This is the embedded upstream. You said: {awaited.text[:_QUOTE]}"
    if awaited.outputs:
        words = "The tool answered: " + "; ".join(awaited.outputs)
    if awaited.beside:
        words += f" You also said: {awaited.beside[:_QUOTE]}"
    if awaited.attached:
        words += " You also sent " + ", ".join(awaited.attached) + "."
    return words
