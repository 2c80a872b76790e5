"""Which call a result answers, where the history does not say.

The wire wants an id on every call, and in every result the id of its call. Chat and Responses leave
room for histories without: a result may name the tool, as functions did before there were tools,
or nothing at all. Such a result answers a call that is still unanswered, of the last run of calls
that has one: calls are a run while nobody but the assistant speaks, and are answered in the order
in which they were made. A result that names a tool answers only a call of it, since paired with any
other it would tell the model something untrue. The id of a legacy result is its reader's, not its
caller's, and counts only if there is such a call.

A result that finds no call has an id made for it: it is the upstream's to say what is wrong.
"""

from attrs import define, field

from openaiproxy.hub.parts import ToolCall, ToolResult

__all__ = ["Pairing"]


@define
class Pairing:
    """Walks one history, from its first part to its last."""

    _unanswered: dict[str, tuple[int, str]] = field(factory=dict, init=False)
    """Id of a call to its run and its tool."""
    _run: int = field(default=0, init=False)
    _made: int = field(default=0, init=False)

    def pause(self) -> None:
        """Somebody else speaks: calls that follow are another run."""
        self._run += 1

    def call(self, part: ToolCall) -> str:
        """The id of a call: its own, or one made for it."""
        call_id = part.call_id or self._make()
        self._unanswered[call_id] = (self._run, part.name)
        return call_id

    def result(self, part: ToolResult) -> str:
        """The id of the call that a result answers."""
        certain = part.call_id in self._unanswered or not part.legacy
        found = part.call_id if part.call_id and certain else self._found(part.name)
        call_id = found or part.call_id or self._make()
        self._unanswered.pop(call_id, None)
        return call_id

    def _found(self, name: str | None) -> str | None:
        """The call that a result without an id answers, if there is one.

        :param name: the tool's, where the result says it.
        """
        fit = {
            call_id: run
            for call_id, (run, tool) in self._unanswered.items()
            if name is None or name == tool
        }
        return max(fit, key=fit.__getitem__, default=None)

    def _make(self) -> str:
        self._made += 1
        return f"toolu_{self._made}"
