"""Values of labels, of which there is never more than a fixed number.

A metric keeps something for each combination of its labels' values, for good. Whatever a caller or an upstream may
choose therefore falls into one of a few words first; what has no word of its own is ``other``.
"""

import re
from collections.abc import Iterable, Mapping

from openaiproxy.capabilities import UNKNOWN, base_name, facts_of
from openaiproxy.profile import Profile

__all__ = ["OTHER", "Models", "Names", "named_models", "status_class"]

OTHER = "other"
NOT_ANSWERED = "none"
_MOST_NAMES = 100
_MOST_MODELS = 64
_MOST_UNKNOWN = 256
_LONGEST = 64
_CLASSES: Mapping[int, str] = {each: f"{each}xx" for each in range(1, 6)}
#: Names of OpenAI's and Anthropic's models about which nothing need be known to translate.
_FURTHER = re.compile(
    r"text-embedding-(3-(small|large)|ada-002)|omni-moderation(-latest)?|whisper-1|tts-1(-hd)?|dall-e-[23]"
    r"|gpt-[5-9](\.\d+)?-chat(-latest)?|gpt-image-\d(\.\d)?(-mini)?|gpt-realtime(-mini)?|sora-\d(-pro)?"
    r"|claude-[a-z0-9.-]{1,40}"
)


def status_class(status: int | None) -> str:
    """``2xx`` and the like; ``none`` where the caller left before it was answered."""
    return NOT_ANSWERED if status is None else _CLASSES.get(status // 100, OTHER)


class Names:
    """Words that are ours, or the configuration's, up to a number.

    :param known: those that there are from the beginning.
    :param grows: whether others become known by being asked for, as far as there is room.
    """

    def __init__(self, known: Iterable[str] = (), *, grows: bool = False) -> None:
        self._known = set(known)
        self._grows = grows

    def learn(self, names: Iterable[str]) -> None:
        """Make further names known, as far as there is room."""
        for name in names:
            if len(self._known) < _MOST_NAMES:
                self._known.add(name)

    def label(self, name: str) -> str:
        """The label for a name."""
        if name in self._known:
            return name
        if not self._grows or len(self._known) >= _MOST_NAMES or len(name) > _LONGEST:
            return OTHER
        self._known.add(name)
        return name


class Models:
    """Names of models.

    Those of the configuration have a label each. Others have one if their family is known and an upstream has answered
    for them: whoever makes names up is refused there, and fills nothing here.

    :param configured: names that need no proof, of which half the room is given.
    """

    def __init__(self, configured: Iterable[str] = ()) -> None:
        self._labels: dict[str, str] = {}
        #: Answered for, but of no known family: not to be looked up each time.
        self._unknown: set[str] = set()
        self.learn(configured)

    def learn(self, configured: Iterable[str]) -> None:
        """Make further names of the configuration known, as far as there is room for those."""
        for name in configured:
            if len(self._labels) < _MOST_MODELS // 2:
                self._labels[name] = name

    def label(self, model: str | None, *, proven: bool) -> str:
        """The label for a model.

        :param model: as the caller wrote it; ``None`` where nobody knows.
        :param proven: whether an upstream has answered for it.
        """
        if model is None:
            return OTHER
        found = self._labels.get(model)
        if found is not None:
            return found
        if not proven or len(self._labels) >= _MOST_MODELS or len(model) > _LONGEST:
            return OTHER
        if model in self._unknown:
            return OTHER
        name = base_name(model)
        if facts_of(model) == UNKNOWN and _FURTHER.fullmatch(name) is None:
            if len(self._unknown) < _MOST_UNKNOWN:
                self._unknown.add(model)
            return OTHER
        # Dated and prefixed spellings share the label of the name, and the room.
        self._labels[model] = name
        return name


def named_models(profiles: Iterable[Profile]) -> list[str]:
    """Models that the configuration names, each once."""
    names: dict[str, None] = {}
    for profile in profiles:
        bridging = profile.bridging
        for alias in bridging.amendments.aliases:
            names.update({alias.name: None, alias.model: None})
        listed = () if bridging.models is None else bridging.models.listed or ()
        names.update({str(each.get("id")): None for each in listed})
        names[profile.health_model] = None
    return [name for name in names if 0 < len(name) <= _LONGEST and name.isprintable()]
