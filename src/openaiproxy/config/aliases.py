"""Other names for models, as text: ``NAME=MODEL[:res-EFFORT][:sum-SUMMARY]``, both ways.

A model's own name may hold colons (``llama3:8b``, ``ft:gpt-4.1:team::id``); only what ends it in
the two known ways is taken off. What is spelled like them but names no known effort or summary is
a mistake, for it would go upstream as a part of the name.
"""

import re
from collections.abc import Iterator

from openaiproxy.bridging import Alias

__all__ = ["EFFORTS", "SUMMARIES", "alias_text", "parse_aliases"]

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
SUMMARIES = ("auto", "concise", "detailed")

_WISH = "expected NAME=MODEL[:res-EFFORT][:sum-SUMMARY], such as fast=gpt-5-mini:res-low"
_MODEL = re.compile(r"(?P<model>[^:].*?)(?::res-(?P<effort>[^:]*))?(?::sum-(?P<summary>[^:]*))?")
_VISIBLE = re.compile(r"[\x21-\x7e]+")


def parse_aliases(raw: object) -> tuple[Alias, ...]:
    """Several, none of a name twice; from text, a list of texts, or a table of models by name.

    :raises ValueError: with what was expected.
    """
    aliases: dict[str, Alias] = {}
    for name, model in _pairs(raw):
        if name in aliases:
            raise ValueError(f"expected a name once, but {name} has two models")
        aliases[name] = _alias(name, model)
    return tuple(aliases.values())


def alias_text(alias: Alias) -> str:
    """What :func:`parse_aliases` reads as this alias."""
    effort = "" if alias.effort is None else f":res-{alias.effort}"
    summary = "" if alias.summary is None else f":sum-{alias.summary}"
    return f"{alias.name}={alias.model}{effort}{summary}"


def _pairs(raw: object) -> Iterator[tuple[str, str]]:
    if isinstance(raw, dict):
        for name, model in raw.items():
            if not isinstance(model, str):
                raise ValueError("expected MODEL[:res-EFFORT][:sum-SUMMARY] for each name")
            yield name.strip(), model.strip()
        return
    for text in raw if isinstance(raw, list) else [raw]:
        if not isinstance(text, str):
            raise ValueError(_WISH)
        for word in text.replace(",", " ").split():
            name, _, model = word.partition("=")
            yield name, model


def _alias(name: str, text: str) -> Alias:
    found = _MODEL.fullmatch(text)
    if found is None or "=" in name or not (_plain(name) and _plain(text)):
        raise ValueError(_WISH)
    model, effort, summary = found.groups()
    if ":res-" in model or ":sum-" in model:
        raise ValueError(_WISH)
    if effort not in (None, *EFFORTS):
        raise ValueError(f"expected an effort of {', '.join(EFFORTS)}")
    if summary not in (None, *SUMMARIES, "none"):
        raise ValueError(f"expected a summary of {', '.join(SUMMARIES)}, none")
    return Alias(name, model, effort, summary)


def _plain(text: str) -> bool:
    return "," not in text and _VISIBLE.fullmatch(text) is not None
