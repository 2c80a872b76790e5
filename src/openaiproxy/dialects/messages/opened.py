"""The one part that is being written, as a renderer of a stream remembers it."""

from attrs import define

from openaiproxy.hub.events import Channel, PartDelta
from openaiproxy.hub.parts import Part, Reasoning, Refusal, Text, ToolCall

__all__ = ["Open"]


@define(eq=False)
class Open:
    """The one open part.

    :param head: the bytes before a delta's text, once its block has begun.
    :param told: whether any of its text was written.
    :param summary: whether a summary was begun, so that raw thoughts are not shown.
    :param place: index of the text that was written last.
    """

    slot: int
    part: Part
    head: bytes = b""
    told: bool = False
    summary: bool = False
    place: int = 0

    def goes_on(self, delta: PartDelta) -> bool:
        """Whether more of a delta, once it was written, is its text, framed."""
        if isinstance(self.part, Reasoning):
            same = self.summary is (delta.channel is Channel.SUMMARY)
            return bool(self.head) and same and self.place == delta.index
        if isinstance(self.part, ToolCall):
            return self.told and not self.part.custom
        return bool(self.head) and isinstance(self.part, (Text, Refusal))
