"""Reads a stream.

The wire numbers choices, and calls within a choice, and nothing else: that reasoning has ended is
known when words come, and that these have ended when a call does. So one part of words, refusal or
reasoning is open in a choice at a time, and calls stay open until the choice is finished, since the
arguments of several may come mixed.

What is told of the answer and of each choice beside their parts is merged, the last word of each
field standing. The beginning is told with the first chunk that holds a choice, for some send an
empty one before; and the end with ``[DONE]``, or with the end of input after every choice's finish.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import define, field

from openaiproxy.dialects.chat.faults import parse_error
from openaiproxy.dialects.chat.fields import CHUNK, NAME
from openaiproxy.dialects.chat.growing import Choice
from openaiproxy.dialects.chat.heads import begin_of
from openaiproxy.dialects.chat.pieces import count, word
from openaiproxy.dialects.chat.usage import parse_usage
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Begin, End, Event, Usage
from openaiproxy.hub.parts import Extra, JsonObject
from openaiproxy.wire import json
from openaiproxy.wire.sse import Record

__all__ = ["ChatParser"]

_CHOICES = 1024
"""Most choices of one answer."""


@define(eq=False)
class ChatParser:
    """Reads one stream."""

    _slots: Iterator[int]
    _begin: Begin | None = field(default=None, init=False)
    _head: dict[str, Any] = field(factory=dict, init=False)
    """What the answer says of itself, before it begins."""
    _same: JsonObject | None = field(default=None, init=False)
    """What the last chunk said beside its choices, since most repeat it; ``None`` if it was said
    before the beginning, where it counts for something else."""
    _told: dict[str, Any] = field(factory=dict, init=False)
    """Extra fields, as :class:`Begin` told them."""
    _later: dict[str, Any] = field(factory=dict, init=False)
    """Extra fields, new or changed since."""
    _tier: str | None = field(default=None, init=False)
    _usage: Usage | None = field(default=None, init=False)
    _choices: dict[int, Choice] = field(factory=dict, init=False)
    _over: bool = field(default=False, init=False)

    def feed(self, record: Record) -> Iterable[Event]:
        """The events of one chunk.

        :raises BadUpstream: if it is no JSON object.
        """
        if self._over:
            return ()
        if record.data == b"[DONE]":
            return self.eof()
        found = json.loads_record(record.data)
        if not isinstance(found, dict):
            raise BadUpstream(502, "upstream_malformed", "A chunk of the upstream is no object.")
        if found.get("error") or record.event == b"error":
            self._over = True
            return (parse_error(found, None, self._usage),)
        return self._chunk(found)

    def eof(self) -> Iterable[Event]:
        """The end, if each choice has said that it is finished."""
        finishes = [self._choices[number].end() for number in sorted(self._choices)]
        finished = [finish for finish in finishes if finish is not None]
        whole = len(finished) == len(finishes) == max(self._choices, default=0) + 1
        if self._over or not whole:
            return ()
        self._over = True
        extra = Extra(NAME, self._later, CHUNK.hints) if self._later else None
        return (End(tuple(finished), self._usage, self._tier, extra),)

    def _chunk(self, found: dict[str, Any]) -> Iterable[Event]:
        choices = found.pop("choices", None)
        found.pop("obfuscation", None)
        if found != self._same:
            self._note(found)
        if not choices or not isinstance(choices, list):
            return ()
        events: list[Event] = []
        if self._begin is None:
            extra = Extra(NAME, self._told, CHUNK.hints) if self._told else None
            self._begin, self._same = begin_of(self._head, extra), None
            events.append(self._begin)
        for one in choices:
            if not isinstance(one, dict):
                continue
            if one.get("error") or one.get("finish_reason") == "error":
                self._over = True
                return [*events, parse_error(one, None, self._usage)]
            number = count(one.get("index")) or 0
            choice = self._choices.get(number)
            if choice is None:
                if not 0 <= number < _CHOICES:
                    raise BadUpstream(502, "upstream_malformed", "A choice has a wild number.")
                choice = self._choices[number] = Choice(number, self._slots)
            events.extend(choice.feed(one))
        return events

    def _note(self, found: JsonObject) -> None:
        """Keeps what a chunk says of the answer as a whole."""
        self._same = found
        usage = found.get("usage")
        if usage is None and isinstance(found.get("x_groq"), dict):
            usage = found["x_groq"].get("usage")
        if usage is not None:
            self._usage = parse_usage(usage) or self._usage
        extra = CHUNK.rest(found)
        fields = extra.fields if extra else {}
        if self._begin is None:
            self._told.update(fields)
            for name in ("id", "model", "created", "service_tier"):
                if found.get(name) is not None and not self._head.get(name):
                    self._head[name] = found[name]
            return
        for name, value in fields.items():
            if self._told.get(name) != value:
                self._later[name] = value
            else:
                self._later.pop(name, None)
        tier = word(found.get("service_tier"))
        if tier and tier != self._begin.tier:
            self._tier = tier
