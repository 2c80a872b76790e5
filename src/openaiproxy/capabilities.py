"""What is known of models, as one table.

A model falls into the first family whose pattern is its name: in small letters, without what a
provider puts before it (``openai/gpt-5``), without what a fine-tune puts around it
(``ft:gpt-4.1:org::id``), and without a date (``gpt-5-2025-08-07``). What falls into none is
unknown, and nothing is assumed of it: whatever the caller says of it passes.

Facts are about OpenAI's models, as OpenAI describes them and refuses what they can't; nothing here
knows of a host. What is not sure is left unsaid, as an upstream's refusal can teach it
(:mod:`openaiproxy.learning`), while a wrong fact would take something away from everyone.
"""

import re
from enum import Enum
from functools import lru_cache

from attrs import evolve, frozen

__all__ = ["EFFORTS", "FAMILIES", "Facts", "Sampled", "base_name", "facts_of"]

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Every reasoning effort, the least first."""


class Sampled(Enum):
    """When a model takes settings of how words are drawn, other than the usual."""

    ALWAYS = "always"
    UNTHINKING = "unthinking"
    """Only with the effort ``none``."""
    NEVER = "never"


@frozen
class Facts:
    """What is known of a family. The default of each field assumes nothing.

    :param absent: dialects in which OpenAI does not offer it.
    :param reasons: whether it can be told how much to think; ``None`` if that is unknown.
    :param effort: how much it thinks when nothing is said.
    :param efforts: those that it takes, the least first; none are known if empty.
    :param summaries: of its thoughts, those that it makes; none are sure if empty.
    :param calls_thinking: whether it takes function tools in Chat while it thinks.
    :param sampled: when it takes sampling.
    :param stops: whether it takes stop sequences in Chat.
    :param old_limit: whether it takes ``max_tokens`` in Chat, the word of before reasoning.
    :param verbosity: whether it can be told how wordy to be; ``None`` if that is unknown.
    :param searches: whether it can have Responses' web search.
    :param plain: whether it takes nothing but words of users and assistants: no instructions, no
        tools, no shape of the answer.
    :param streams: whether it streams.
    """

    absent: frozenset[str] = frozenset()
    reasons: bool | None = None
    effort: str | None = None
    efforts: tuple[str, ...] = ()
    summaries: tuple[str, ...] = ()
    calls_thinking: bool = True
    sampled: Sampled = Sampled.ALWAYS
    stops: bool = True
    old_limit: bool = True
    verbosity: bool | None = None
    searches: bool = False
    plain: bool = False
    streams: bool = True


UNKNOWN = Facts()

_NOT_IN_CHAT = frozenset({"chat"})
_NOT_IN_RESPONSES = frozenset({"responses"})
_ALL_SUMMARIES = ("auto", "concise", "detailed")

_FIRST = Facts(
    absent=_NOT_IN_RESPONSES,
    reasons=False,
    sampled=Sampled.NEVER,
    stops=False,
    old_limit=False,
    verbosity=False,
    plain=True,
    streams=False,
)
"""o1-preview and o1-mini."""

_O1 = Facts(
    reasons=True,
    effort="medium",
    efforts=EFFORTS[2:5],
    sampled=Sampled.NEVER,
    old_limit=False,
    verbosity=False,
)
"""o1 and o3-mini. Whether they sum up their thoughts is not sure."""

_O3 = evolve(_O1, summaries=("auto", "detailed"), stops=False, searches=True)

_GPT_5 = Facts(
    reasons=True,
    effort="medium",
    efforts=EFFORTS[1:5],
    summaries=_ALL_SUMMARIES,
    sampled=Sampled.NEVER,
    stops=False,
    old_limit=False,
    verbosity=True,
    searches=True,
)
_GPT_51 = evolve(_GPT_5, effort="none", efforts=("none", *EFFORTS[2:5]), sampled=Sampled.UNTHINKING)
_GPT_52 = evolve(_GPT_51, efforts=("none", *EFFORTS[2:6]))
_GPT_54 = evolve(_GPT_52, calls_thinking=False)
_GPT_55 = evolve(_GPT_54, effort="medium")
_GPT_56 = evolve(_GPT_55, efforts=("none", *EFFORTS[2:]))

_CODEX = evolve(_GPT_5, absent=_NOT_IN_CHAT, efforts=EFFORTS[2:5])
_PRO = evolve(_GPT_5, absent=_NOT_IN_CHAT, efforts=EFFORTS[3:6])

_GPT_4 = Facts(reasons=False, verbosity=False)
_GPT_4O = evolve(_GPT_4, searches=True)

FAMILIES: tuple[tuple[str, Facts], ...] = (
    (r"o1-(preview|mini)", _FIRST),
    (r"o1-pro", evolve(_O1, absent=_NOT_IN_CHAT)),
    (r"o3-pro", evolve(_O3, absent=_NOT_IN_CHAT)),
    (r"o[34](-mini)?-deep-research", evolve(_O3, absent=_NOT_IN_CHAT, efforts=("medium",))),
    (r"o1|o3-mini", _O1),
    (r"o3|o4-mini", _O3),
    (
        r"computer-use-preview",
        Facts(absent=_NOT_IN_CHAT, reasons=True, summaries=("concise",), verbosity=False),
    ),
    (r"codex-mini(-latest)?", evolve(_CODEX, summaries=("auto", "detailed"))),
    (r"gpt-5\.1-codex-max|gpt-5\.[2-9]-codex(-[a-z]+)?", evolve(_CODEX, efforts=EFFORTS[2:6])),
    (r"gpt-[5-9](\.\d+)?-codex(-[a-z]+)*", _CODEX),
    (r"gpt-5-pro", evolve(_PRO, effort="high", efforts=("high",))),
    (r"gpt-[5-9](\.\d+)?-pro", _PRO),
    (r"gpt-5-search-api", Facts(absent=_NOT_IN_RESPONSES)),
    (r"gpt-[5-9](\.\d+)?-chat(-latest)?", UNKNOWN),
    (r"gpt-5(-(mini|nano))?", _GPT_5),
    (r"gpt-5\.1(-(mini|nano))?", _GPT_51),
    (r"gpt-5\.[23](-(mini|nano))?", _GPT_52),
    (r"gpt-5\.4(-[a-z]+)?", _GPT_54),
    (r"gpt-5\.5(-[a-z]+)?", _GPT_55),
    (r"gpt-5\.([6-9]|\d\d)(-[a-z]+)?", _GPT_56),
    (r"gpt-4o(-mini)?-(audio|search)-preview|gpt-audio(-.+)?", Facts(absent=_NOT_IN_RESPONSES)),
    (r"gpt-4o(-mini)?|gpt-4\.1(-mini)?", _GPT_4O),
    (r"gpt-4\.1-nano|gpt-4(-turbo|-32k)?(-preview|-\d{4}(-preview)?)?", _GPT_4),
    (r"chatgpt-4o-latest|gpt-4\.5-preview|gpt-3\.5-turbo(-16k)?(-\d{4})?", _GPT_4),
    (r"gpt-oss-\d+b", Facts(reasons=True, effort="medium", efforts=EFFORTS[2:5])),
)
"""Pattern of the whole name, and facts. The first that fits holds."""

_FAMILIES = tuple((re.compile(pattern), facts) for pattern, facts in FAMILIES)
_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_LONGEST = 200
"""Characters of a name that is looked up; none of OpenAI's has so many."""


def base_name(model: str) -> str:
    """The name by which a model's family is found.

    :param model: as a caller writes it.
    """
    name = model.strip().lower().rpartition("/")[2]
    if name.startswith("ft:"):
        name = name.split(":")[1]
    return _DATE.sub("", name)


def facts_of(model: str) -> Facts:
    """What is known of a model; :class:`Facts` of nothing if it is unknown.

    :param model: its name, aliases resolved.
    """
    return UNKNOWN if len(model) > _LONGEST else _found(model)


@lru_cache(maxsize=1024)
def _found(model: str) -> Facts:
    name = base_name(model)
    return next((facts for pattern, facts in _FAMILIES if pattern.fullmatch(name)), UNKNOWN)
