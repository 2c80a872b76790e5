"""What could not be said, as data.

A loss names the place in what was *read* and the reason. It never holds the value, which may be
private. The caller of a renderer decides what a loss means: a profile may refuse the request, or
report it.
"""

from attrs import define, field, frozen

from openaiproxy.hub.parts import Extra, JsonObject

__all__ = ["Loss", "Losses", "Rendered"]


@frozen
class Loss:
    """Something that was read and has no place in what was written.

    :param path: where it stood, in the words of the wire it came from, such as
        ``tools[2].cache_control``; ``tools[].cache_control`` where the place in a list says
        nothing.
    :param why: a clause for a person.
    :param hint: whether the answer is the same without it (a cache mark, a label for a dashboard).
        A refusal to lose anything does not refuse for a hint.
    """

    path: str
    why: str
    hint: bool = False


@frozen
class Rendered:
    """What a renderer made.

    :param body: the object to send.
    :param losses: what is not in it.
    :param names: tool names as sent to names as the caller wrote them, for those that had to be
        changed.
    :param stops: stop sequences that the wire has no field for, which the answer is to be cut at.
    """

    body: JsonObject
    losses: tuple[Loss, ...] = ()
    names: dict[str, str] = field(factory=dict)
    stops: tuple[str, ...] = ()


@define
class Losses:
    """A list of losses that holds each once, and no more than ``limit`` of those that are hints, and
    of those that are not: however many hints there were, what changes the answer is told.

    :param dialect: the dialect being rendered; what it made is never lost to it.
    """

    dialect: str
    limit: int = 1000
    _seen: dict[Loss, None] = field(factory=dict, init=False)
    _counts: dict[bool, int] = field(factory=lambda: {False: 0, True: 0}, init=False)

    def note(self, path: str, why: str, *, hint: bool = False) -> None:
        """Note one."""
        loss = Loss(path, why, hint)
        if loss not in self._seen and self._counts[hint] < self.limit:
            self._seen[loss] = None
            self._counts[hint] += 1

    def extra(
        self, extra: Extra | None, path: str, hints: frozenset[str] = frozenset()
    ) -> JsonObject:
        """The fields of ``extra`` if they are this dialect's; else none, each noted.

        :param path: of the object that held them; empty for the body itself.
        :param hints: names whose loss changes no answer, beside those that the reader knew.
        """
        if extra is None:
            return {}
        if extra.dialect == self.dialect:
            return extra.fields
        for name in extra.fields:
            where = f"{path}.{name}" if path else name
            hint = name in hints or name in extra.hints
            self.note(where, f"only {extra.dialect} has a word for it", hint=hint)
        return {}

    def all(self) -> tuple[Loss, ...]:
        """Those noted, in order."""
        return tuple(self._seen)
