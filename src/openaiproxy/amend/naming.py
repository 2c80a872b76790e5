"""What the name of a model says beside the model: aliases, and suffixes such as ``:res-high:sum-auto``.

``NAME:res-EFFORT`` asks for an effort and a summary, ``NAME:res-EFFORT:sum-none`` for an effort and
none. An effort that nobody knows leaves the name as it is, as it may be somebody's own; a summary
that nobody knows leaves nothing but the name before it. An alias brings the model that it stands
for, and what goes with it. A suffix of the caller's goes before what its alias says.

Aliases are not looked up again: one may stand for a model that another alias is named after.
"""

import re
from collections.abc import Iterable

from attrs import frozen

from openaiproxy.bridging import Amendments
from openaiproxy.capabilities import EFFORTS

__all__ = ["Named", "resolve", "variants"]

_SUFFIX = re.compile(
    r"(?P<base>(?:(?!:res-).)+):res-(?P<effort>[a-z]+)(?::sum-(?P<summary>[a-z]+))?", re.DOTALL
)
_SUMMARIES = {
    None: "auto",
    "auto": "auto",
    "concise": "concise",
    "detailed": "detailed",
    "none": "none",
    "never": "none",
}
"""How a suffix spells summaries."""

_LISTED = (
    ("low", "auto"),
    ("low", "none"),
    ("medium", "none"),
    ("high", "auto"),
    ("high", "none"),
)
"""The suffixes that are shown with a model. Its plain name stands for the rest."""


@frozen
class Named:
    """What a name says.

    :param effort: ``none`` for no reasoning at all.
    :param summary: ``none`` for none.
    """

    model: str
    effort: str | None = None
    summary: str | None = None


def resolve(name: str, amendments: Amendments) -> Named:
    """What a name stands for on a port.

    :param name: as the caller says it.
    """
    if not amendments.aliases:
        return _split(name, amendments)
    aliases = {alias.name: alias for alias in amendments.aliases}
    said = Named(name) if name in aliases else _split(name, amendments)
    alias = aliases.get(said.model)
    if alias is None:
        return said
    meant = _split(alias.model, amendments)
    return Named(
        meant.model,
        said.effort or alias.effort or meant.effort,
        said.summary or alias.summary or meant.summary,
    )


def _split(name: str, amendments: Amendments) -> Named:
    found = _SUFFIX.fullmatch(name) if amendments.suffixes else None
    if found is None or found["effort"] not in EFFORTS:
        return Named(name)
    if found["summary"] not in _SUMMARIES:
        return Named(found["base"])
    return Named(found["base"], found["effort"], _SUMMARIES[found["summary"]])


def variants(model: str) -> Iterable[str]:
    """The names with a suffix that are listed beside a model's own."""
    return (f"{model}:res-{effort}:sum-{summary}" for effort, summary in _LISTED)
