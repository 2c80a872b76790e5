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
    :param losses: what is not in it; still as it was noted, where most likely nobody will ask.
    :param names: tool names as sent to names as the caller wrote them, for those that had to be
        changed.
    :param stops: stop sequences that the wire has no field for, which the answer is to be cut at.
    """

    body: JsonObject
    _noted: "tuple[Loss, ...] | Losses" = field(
        default=(), alias="losses", eq=lambda noted: _told(noted)
    )
    names: dict[str, str] = field(factory=dict)
    stops: tuple[str, ...] = ()

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What is not in the body."""
        return _told(self._noted)


_WAITING = 32
"""Most objects of another dialect whose fields are still to be named."""


@define
class Losses:
    """A list of losses that holds each once, and no more than ``limit`` of those that are hints, and
    of those that are not: however many hints there were, what changes the answer is told.

    An answer of one dialect has a score of fields that another has no word for, and hardly anybody asks which.
    Objects that were lost whole are therefore kept as they are, and their fields named when somebody asks.

    :param dialect: the dialect being rendered; what it made is never lost to it.
    """

    dialect: str
    limit: int = 1000
    _seen: dict[Loss, None] = field(factory=dict, init=False)
    _counts: dict[bool, int] = field(factory=lambda: {False: 0, True: 0}, init=False)
    _waiting: list[tuple[Extra, str, frozenset[str]]] = field(factory=list, init=False)

    def note(self, path: str, why: str, *, hint: bool = False) -> None:
        """Note one."""
        if self._waiting:
            self._name_fields()
        self._hold(Loss(path, why, hint))

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
        if extra.fields:
            self._waiting.append((extra, path, hints))
            if len(self._waiting) > _WAITING:
                self._name_fields()
        return {}

    def all(self) -> tuple[Loss, ...]:
        """Those noted, in order."""
        self._name_fields()
        return tuple(self._seen)

    def _hold(self, loss: Loss) -> None:
        if loss not in self._seen and self._counts[loss.hint] < self.limit:
            self._seen[loss] = None
            self._counts[loss.hint] += 1

    def _name_fields(self) -> None:
        for extra, path, hints in self._waiting:
            why = f"only {extra.dialect} has a word for it"
            for name in extra.fields:
                where = f"{path}.{name}" if path else name
                self._hold(Loss(where, why, name in hints or name in extra.hints))
        self._waiting.clear()


def _told(noted: tuple[Loss, ...] | Losses) -> tuple[Loss, ...]:
    return noted.all() if isinstance(noted, Losses) else noted
