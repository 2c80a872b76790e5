"""Words of Chat requests that senders to a ChatGPT login may use beside Chat's own.

They are those of Responses, and of Codex's configuration; the first that is said holds::

    reasoning.effort, reasoning_effort, model_reasoning_effort        -> reasoning_effort
    text.verbosity, verbosity, text_verbosity, model_verbosity        -> verbosity

What else such an object holds stays, and is named as what Chat has no word for.
"""

from typing import Any

from openaiproxy.hub.parts import JsonObject

__all__ = ["chat_words"]

_WORDS = {
    "reasoning_effort": ("reasoning", "effort", ("model_reasoning_effort",)),
    "verbosity": ("text", "verbosity", ("text_verbosity", "model_verbosity")),
}
"""Chat's own word to where Responses has it, and to other ones."""


def chat_words(found: JsonObject) -> JsonObject:
    """A Chat request in Chat's own words. The given one is not changed.

    :param found: its body.
    """
    body: dict[str, Any] = dict(found)
    for word, (outer, inner, others) in _WORDS.items():
        said = []
        holder = body.get(outer)
        if isinstance(holder, dict) and inner in holder:
            said.append(holder[inner])
            rest = {name: value for name, value in holder.items() if name != inner}
            body.pop(outer)
            body |= {outer: rest} if rest else {}
        said += [body.pop(name, None) for name in (word, *others)]
        first = next((value for value in said if value is not None), None)
        if first is not None:
            body[word] = first
    return body
