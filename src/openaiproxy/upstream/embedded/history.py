"""A conversation as steps, and what in it awaits an answer, the same in every dialect.

A dialect tells its history as :class:`Step` values. A *turn* is a run of steps between two things
that the model said. A turn that holds results of tools answers the model's calls; what the user
says beside them is no new question. So::

    user         say("twice the weather")      the question
    model        SPOKEN
    tool         came("21 degrees")            one round of results
    model        SPOKEN
    tool, user   came("cold"), say("hurry")    the second round, and words beside it
"""

from collections.abc import Iterable
from itertools import groupby

from attrs import frozen

__all__ = ["SPOKEN", "Awaited", "Step", "await_answer", "came", "say"]


@frozen
class Step:
    """One thing that was said.

    :param kind: ``user``, ``result`` or ``model``.
    :param attached: a few words about each picture and file that came with it.
    """

    kind: str
    text: str = ""
    attached: tuple[str, ...] = ()


SPOKEN = Step("model")
"""The model said something, or called a tool."""


def say(text: str, attached: Iterable[str] = ()) -> Step:
    """The user said something."""
    return Step("user", text, tuple(attached))


def came(text: str, attached: Iterable[str] = ()) -> Step:
    """A tool answered; what is attached stands in its text."""
    return Step("result", " ".join(filter(None, [text, *(f"[{each}]" for each in attached)])))


@frozen
class Awaited:
    """What awaits an answer.

    :param text: the last question; ``attached``: what came with it.
    :param outputs: results of tools since the question, if they're what awaits an answer.
    :param rounds: how many turns they came in.
    :param beside: what the user said beside the last of them.
    """

    text: str = ""
    attached: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    rounds: int = 0
    beside: str = ""


def await_answer(steps: Iterable[Step]) -> Awaited:
    """Read a conversation."""
    runs = (
        (of_model, list(run)) for of_model, run in groupby(steps, lambda step: step.kind == "model")
    )
    turns = [turn for of_model, turn in runs if not of_model]
    asked = [n for n, turn in enumerate(turns) if all(step.kind == "user" for step in turn)]
    at = asked[-1] if asked else -1
    question = turns[at] if asked else []
    rounds = turns[at + 1 :]
    last = question[-1] if question else Step("user")
    results = [step.text for turn in rounds for step in turn if step.kind == "result"]
    beside = [step for turn in rounds[-1:] for step in turn if step.kind == "user"]
    return Awaited(
        last.text,
        (*last.attached, *(each for step in beside for each in step.attached)),
        tuple(results),
        len(rounds),
        " ".join(filter(None, (step.text for step in beside))),
    )
