"""The models of a port: the upstream's, less those that are not shown, and the port's own names.

An upstream's list is one of::

    {"object": "list", "data": [{"id": "gpt-5", "object": "model", "created": 1754425777, "owned_by": "system"}, ...]}
    {"data": [{"type": "model", "id": "claude-...", "display_name": "...", "created_at": "..."}, ...], "has_more": ...}
    {"models": [{"slug": "gpt-5-codex", "visibility": "list", ...}, ...]}

Entries keep all they have, and their order. What a port adds is made from the entry of the model behind the name, with
``metadata.proxy_reasoning_profile`` to say what the name means. A list of the operator's own stands in place of the
upstream's, and is shown as it is, with the port's aliases.
"""

from collections.abc import Callable, Iterable, Iterator
from operator import is_

from attrs import field, frozen

from openaiproxy.amend.naming import resolve, variants
from openaiproxy.bridging import Amendments, Bridging, Keep, Models
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.parts import JsonObject
from openaiproxy.wire.json import loads

__all__ = ["Listing", "build_listing", "name_of"]

Reasons = Callable[[str], bool]

_NONE = "none"


@frozen
class Listing:
    """A list of models.

    :param entries: each with a name.
    :param top: everything beside the entries, in the upstream's order, and ``key`` in its place.
    :param key: under which the entries stand.
    :param raw: the upstream's bytes, if they say just this.
    """

    entries: tuple[JsonObject, ...]
    top: JsonObject
    key: str
    raw: bytes | None = field(repr=False)
    _amendments: Amendments
    _reasons: Reasons

    def find(self, name: str) -> JsonObject | None:
        """The entry of a name, also of one that is understood and not listed."""
        for entry in self.entries:
            if name_of(entry) == name:
                return entry
        base = resolve(name, self._amendments).model
        if base == name or not self._reasons(base):
            return None
        return next(
            (_renamed(e, name, self._amendments) for e in self.entries if name_of(e) == base), None
        )


def build_listing(body: bytes | None, bridging: Bridging, reasons: Reasons) -> Listing | None:
    """The list that a port shows; ``None`` where the upstream's answer is none.

    :param body: the upstream's answer; ``None`` where there is none, and only our own names are known.
    :param reasons: whether a model of that name can be told how much to think.
    """
    models = bridging.models or Models()
    if models.listed is not None or body is None:
        return _own_listing(models.listed or (), bridging.amendments, reasons)
    read = _read(body)
    if read is None:
        return None
    top, key = read
    found = top[key]
    named = [entry for entry in found if isinstance(entry, dict) and name_of(entry) is not None]
    kept = [entry for entry in named if _is_kept(entry, models.keep)]
    entries = tuple(_with_names(kept, named, bridging.amendments, reasons))
    same = len(entries) == len(found) and all(map(is_, entries, found))
    raw = body if same else None
    return Listing(entries, top, key, raw, bridging.amendments, reasons)


def name_of(entry: JsonObject) -> str | None:
    """The name of an entry's model."""
    for key in ("id", "slug"):
        name = entry.get(key)
        if isinstance(name, str) and name.strip():
            return name
    return None


def _own_listing(listed: Iterable[JsonObject], amendments: Amendments, reasons: Reasons) -> Listing:
    entries = list(listed)
    entries += _aliases(entries, entries, amendments)
    return Listing(
        tuple(entries), {"object": "list", "data": []}, "data", None, amendments, reasons
    )


def _read(body: bytes) -> tuple[JsonObject, str] | None:
    """The list, and the key of its entries."""
    try:
        value = loads(body)
    except BadUpstream:
        return None
    if isinstance(value, dict):
        for key in ("data", "models"):
            if isinstance(value.get(key), list):
                return value, key
    return None


def _is_kept(entry: JsonObject, keep: Keep) -> bool:
    codex = "codex" in (name_of(entry) or "").lower()
    return keep is Keep.ALL or codex == (keep is Keep.CODEX)


def _with_names(
    kept: Iterable[JsonObject],
    known: Iterable[JsonObject],
    amendments: Amendments,
    reasons: Reasons,
) -> Iterator[JsonObject]:
    """Each entry and behind it those with a suffix, and the aliases at the end."""
    shown = []
    for entry in kept:
        name = name_of(entry) or ""
        shown.append(entry)
        yield entry
        if amendments.suffixes and reasons(name):
            yield from (_renamed(entry, variant, amendments) for variant in variants(name))
    yield from _aliases(shown, known, amendments)


def _aliases(
    shown: Iterable[JsonObject], known: Iterable[JsonObject], amendments: Amendments
) -> list[JsonObject]:
    """Entries for the aliases, but for one whose name is taken."""
    taken = {name_of(entry) for entry in shown}
    by_name = {name_of(entry): entry for entry in known}
    blank: JsonObject = {"id": "", "object": "model", "created": 0, "owned_by": "openaiproxy"}
    return [
        _renamed(by_name.get(resolve(alias.name, amendments).model, blank), alias.name, amendments)
        for alias in amendments.aliases
        if alias.name not in taken
    ]


def _renamed(entry: JsonObject, name: str, amendments: Amendments) -> JsonObject:
    """An entry for another name of its model."""
    said = resolve(name, amendments)
    meaning = {
        "alias_effort": said.effort,
        "alias_summary": said.summary,
        "effort": None if said.effort == _NONE else said.effort,
        "summary": None if said.summary == _NONE else said.summary,
        "disable": said.effort == _NONE,
        "base_model": said.model,
    }
    metadata = entry.get("metadata")
    kept = metadata if isinstance(metadata, dict) else {}
    names = {key: name for key in ("id", "slug", "display_name") if key in entry}
    return {**entry, **names, "metadata": {**kept, "proxy_reasoning_profile": meaning}}
