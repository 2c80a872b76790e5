"""Where a caller is shown what the model thought: in a field beside the content, or in the content.

In the content it stands before the words that it led to, told apart by what is put around it. A
stream and a whole answer say the same, in the same order.
"""

from attrs import define

from openaiproxy.hub.events import Channel, PartDelta

__all__ = ["INLINE", "Thoughts", "shown_fields"]

INLINE = {
    "think": ("<think>\n", "\n</think>\n\n"),
    "content": ("Reasoning Summary:\n", "\n\n"),
}
"""Ways to show reasoning in the content, and what stands before and after it there."""


def shown_fields(reasoning: str) -> tuple[str, ...]:
    """The fields that show reasoning, by the option of that name."""
    if reasoning in INLINE:
        return ("content",)
    return ("reasoning_content", "reasoning") if reasoning == "both" else (reasoning,)


@define(eq=False)
class Thoughts:
    """A reasoning that is being shown.

    :param pieces: the bytes around its text; none if it is not shown.
    :param before: the text that stands before it, if it has any.
    """

    pieces: tuple[bytes, ...]
    choice: int
    before: str = ""
    summary: bool = False
    index: int = 0
    begun: bool = False

    def goes_on(self, delta: PartDelta) -> bool:
        """Whether more of a delta, once it was shown, is shown as it is."""
        summary = delta.channel is Channel.SUMMARY
        return self.begun and self.summary is summary and self.index == delta.index

    def text(self, delta: PartDelta) -> str:
        """What of a delta is shown: of the summary, or else of the thoughts themselves; parts apart
        by a blank line."""
        summary = delta.channel is Channel.SUMMARY
        if not self.pieces or (self.summary and not summary):
            return ""
        self.summary, text = summary, delta.text
        if delta.index > self.index:
            self.index = delta.index
            text = f"\n\n{text}"
        if text and not self.begun:
            self.begun = True
            text = self.before + text
        return text
