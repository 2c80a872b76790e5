"""The clients, as the table's rows, and how one cell of it is tried."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

from attrs import define, field, frozen

from tests.matrix.anthropic_talks import MessagesTalk, RunnerTalk, anthropic_line
from tests.matrix.cases import CASES, check, question_of
from tests.matrix.heard import Talk
from tests.matrix.house import Place
from tests.matrix.langchain_talks import (
    LangChainTalk,
    chat_model,
    messages_model,
    responses_model,
)
from tests.matrix.node_talks import Node
from tests.matrix.openai_talks import ChatTalk, ResponsesTalk, openai_line

__all__ = ["COLUMNS", "ROWS", "Row", "Skipped", "Trial"]

COLUMNS = (*CASES, "models", "count")


class Skipped(Exception):
    """A cell that wasn't tried, with the reason."""


@frozen
class Row:
    """One client.

    :param speaks: its dialect.
    :param open: opens it at a URL; ``None`` where Node does it, under the name ``node``.
    :param cases: what it is asked.
    :param needs: the package without which it can't be.
    :param shows: whether it has a place for thoughts.
    """

    name: str
    speaks: str
    open: Callable[[str], Talk] | None = None
    node: str = ""
    cases: tuple[str, ...] = tuple(CASES)
    needs: str = ""
    shows: bool = True


def _chat(manner: str) -> Callable[[str], Talk]:
    return lambda url: ChatTalk(openai_line(url, manner))


def _responses(manner: str) -> Callable[[str], Talk]:
    return lambda url: ResponsesTalk(openai_line(url, manner))


def _messages(manner: str) -> Callable[[str], Talk]:
    return lambda url: MessagesTalk(anthropic_line(url, manner))


def _runner(manner: str) -> Callable[[str], Talk]:
    return lambda url: RunnerTalk(anthropic_line(url, manner))


_ALL = tuple(CASES)
_GPTS = frozenset({"gpt-4.1", "gpt-5", "o1-mini"})
_LISTED = {
    "responses": _GPTS,
    "chat": _GPTS,
    "both": _GPTS,
    "messages": frozenset({"claude-opus-4-5-20251101", "claude-sonnet-4-20250514"}),
}
_OPENAI, _ANTHROPIC = "langchain_openai", "langchain_anthropic"

ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        Row("openai, chat", "chat", _chat("sync"), cases=(*_ALL, "models")),
        Row("openai, chat, async", "chat", _chat("async"), cases=(*_ALL, "models")),
        Row("openai, responses", "responses", _responses("sync"), cases=(*_ALL, "count")),
        Row("openai, responses, async", "responses", _responses("async"), cases=(*_ALL, "count")),
        Row("anthropic", "messages", _messages("sync"), cases=COLUMNS),
        Row("anthropic, async", "messages", _messages("async"), cases=COLUMNS),
        Row("anthropic, runner", "messages", _runner("sync"), cases=("tools",)),
        Row("anthropic, runner, async", "messages", _runner("async"), cases=("tools",)),
        # Its ChatOpenAI has no place for reasoning_content.
        Row(
            "LangChain, chat",
            "chat",
            partial(LangChainTalk, make=chat_model),
            needs=_OPENAI,
            shows=False,
        ),
        Row(
            "LangChain, responses",
            "responses",
            partial(LangChainTalk, make=responses_model),
            needs=_OPENAI,
        ),
        Row(
            "LangChain, anthropic",
            "messages",
            partial(LangChainTalk, make=messages_model),
            cases=(*_ALL, "count"),
            needs=_ANTHROPIC,
        ),
        Row("AI SDK, chat", "chat", node="chat", shows=False),
        Row("AI SDK, responses", "responses", node="responses"),
        Row("AI SDK, compatible", "chat", node="compatible"),
        Row("AI SDK, anthropic", "messages", node="messages"),
    )
}


@define(eq=False)
class Trial:
    """Tries cells, and keeps clients open between them. Everything blocks.

    :param node: the AI SDK, or why there is none.
    """

    node: Node | str
    _talks: dict[tuple[str, str], Talk] = field(factory=dict)

    def run(self, row: Row, place: Place, case: str) -> None:
        """Try one cell.

        :raises Skipped: if it can't be tried.
        :raises AssertionError: if something was heard that mustn't be. Clients raise their own.
        """
        if row.needs and find_spec(row.needs) is None:
            raise Skipped(f"{row.needs} is not installed")
        if row.open is None:
            if isinstance(self.node, str):
                raise Skipped(self.node)
            heard = self.node.ask(place, row.node, case)
            check(case, heard, urls=False, shows=row.shows)
        elif case == "models":
            names = self._talk(row, place.url).models()
            assert _LISTED[place.name] <= set(names), names
        elif case == "count":
            assert 0 < self._talk(row, place.url).count("one two three") < 20
        else:
            question = question_of(case, place.thinker(row.speaks))
            url = place.shown if question.thinks else place.url
            check(case, self._talk(row, url).ask(question), shows=row.shows)

    def _talk(self, row: Row, url: str) -> Talk:
        key = row.name, url
        if key not in self._talks:
            assert row.open is not None
            self._talks[key] = row.open(url)
        return self._talks[key]

    def close(self) -> None:
        """Close the clients."""
        talks, self._talks = self._talks, {}
        for talk in talks.values():
            talk.close()
