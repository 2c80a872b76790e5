"""The conversation: ``system`` and ``messages``, and turns."""

from collections.abc import Iterable

from attrs import define, field

from openaiproxy.dialects.dialect import bad_field
from openaiproxy.dialects.messages.blocks import (
    REDACTED,
    WIDTH,
    parse_block,
    render_seal,
    render_text,
    render_tool_use,
)
from openaiproxy.dialects.messages.fields import MESSAGE, NAME, THINKING, TOOL_RESULT
from openaiproxy.dialects.messages.media import render_document, render_image
from openaiproxy.dialects.messages.pairing import Pairing
from openaiproxy.dialects.names import shorten
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import (
    Audio,
    File,
    Hosted,
    HostedResult,
    Image,
    Json,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from openaiproxy.hub.request import Role, Turn
from openaiproxy.hub.values import changed

__all__ = ["History", "parse_turns"]

_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}


def parse_turns(found: JsonObject) -> tuple[Turn, ...]:
    """Who said what.

    :param found: the request.
    """
    system, messages = found.get("system"), found.get("messages")
    if not isinstance(messages, list):
        raise bad_field("messages", "must be a list")
    turns: list[Turn] = []
    if system not in (None, []):
        turns.append(Turn(Role.SYSTEM, _parse_content(system, "system"), top=True))
    for place, message in enumerate(messages):
        for turn in _parse_message(message, f"messages[{place}]"):
            _append(turns, turn)
    return tuple(turns)


def _append(turns: list[Turn], turn: Turn) -> None:
    """Adds a turn. Leading system turns join what stands outside; results join their run."""
    last = turns[-1] if turns else None
    if turn.role is Role.SYSTEM and turn.extra is None and (last is None or last.top):
        before = last.parts if last is not None else ()
        turns[:] = [Turn(Role.SYSTEM, (*before, *turn.parts), top=True)]
    elif (
        turn.role is Role.TOOL
        and last is not None
        and last.role is Role.TOOL
        and turn.extra is None
        and last.extra is None
    ):
        turns[-1] = changed(last, parts=(*last.parts, *turn.parts))
    else:
        turns.append(turn)


def _parse_message(found: Json, path: str) -> Iterable[Turn]:
    """The turns of a message: its results, if any, and before them nothing."""
    if not isinstance(found, dict):
        raise bad_field(path, "must be an object")
    role = _ROLES.get(str(found.get("role")))
    if role is None:
        raise bad_field(f"{path}.role", "must be user, assistant or system")
    parts = _parse_content(found.get("content"), f"{path}.content")
    extra = MESSAGE.rest(found)
    results = tuple(part for part in parts if isinstance(part, ToolResult))
    if not results:
        return [Turn(role, parts, extra=extra)]
    others = tuple(part for part in parts if not isinstance(part, ToolResult))
    if not others:
        return [Turn(Role.TOOL, results, extra=extra)]
    return [Turn(Role.TOOL, results), Turn(role, others, extra=extra)]


def _parse_content(found: Json, path: str) -> tuple[Part, ...]:
    if found is None:
        return ()
    if isinstance(found, str):
        return (Text(found),)
    if not isinstance(found, list):
        raise bad_field(path, "must be a string or a list")
    return tuple(_parse_part(block, f"{path}[{place}]") for place, block in enumerate(found))


def _parse_part(found: Json, path: str) -> Part:
    if isinstance(found, str):
        return Text(found)
    if not isinstance(found, dict):
        raise bad_field(path, "must be an object")
    if found.get("type") == "tool_result":
        return _parse_result(found, path)
    return parse_block(found)


def _parse_result(found: JsonObject, path: str) -> ToolResult:
    call_id, failed = found.get("tool_use_id"), found.get("is_error")
    if not isinstance(call_id, str):
        raise bad_field(f"{path}.tool_use_id", "must be a string")
    parts = _parse_content(found.get("content"), f"{path}.content")
    fit = tuple(part for part in parts if isinstance(part, Text | Image | File | Opaque))
    return ToolResult(
        call_id,
        fit,
        failed if isinstance(failed, bool) else None,
        extra=TOOL_RESULT.rest(found),
    )


@define
class History:
    """Writes turns.

    :param losses: where it reports what can't be written.
    """

    losses: Losses
    _pairing: Pairing = field(factory=Pairing, init=False)

    def system(self, turns: Iterable[Turn]) -> str | list[JsonObject] | None:
        """The value of ``system``.

        :param turns: those that :meth:`leading` found.
        """
        parts = [part for turn in turns for part in turn.parts]
        return self._content(self.blocks(parts)) if parts else None

    def leading(self, turns: tuple[Turn, ...]) -> int:
        """How many turns belong in ``system``."""
        for place, turn in enumerate(turns):
            own = turn.extra is not None and turn.extra.dialect == NAME
            if turn.role not in (Role.SYSTEM, Role.DEVELOPER) or own:
                return place
        return len(turns)

    def messages(self, turns: Iterable[Turn]) -> list[JsonObject]:
        """The value of ``messages``."""
        written: list[JsonObject] = []
        results: list[JsonObject] | None = None
        for turn in turns:
            if turn.name is not None:
                self.losses.note("messages[].name", "no field for it")
            if turn.role is not Role.ASSISTANT:
                self._pairing.pause()
            blocks = self.blocks(turn.parts)
            if results is not None and turn.role is Role.USER:
                blocks = [*results, *blocks]
                written.pop()
            if turn.parts and not blocks:
                continue
            extra = self.losses.extra(turn.extra, "messages[]", MESSAGE.hints)
            results = blocks if turn.role is Role.TOOL and not extra else None
            role = "user" if turn.role is Role.TOOL else turn.role.value
            role = "system" if turn.role is Role.DEVELOPER else role
            written.append({**extra, "role": role, "content": self._content(blocks)})
        return written

    @staticmethod
    def _content(blocks: list[JsonObject]) -> str | list[JsonObject]:
        if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
            text = blocks[0]["text"]
            return text if isinstance(text, str) else blocks
        return blocks

    def blocks(self, parts: Iterable[Part]) -> list[JsonObject]:
        """The blocks of parts that go upstream."""
        return [block for part in parts for block in self._blocks(part)]

    def _blocks(self, part: Part) -> list[JsonObject]:
        match part:
            case Text():
                return [render_text(part, self.losses, upstream=True)]
            case Refusal():
                return [{"type": "text", "text": part.text}] if part.text else []
            case Reasoning():
                return self._reasoning(part)
            case ToolCall():
                return [render_tool_use(part, self.losses, self._pairing.call(part))]
            case ToolResult():
                return [self._result(part)]
            case Image():
                image = render_image(part, self.losses)
                return [] if image is None else [image]
            case File():
                document = render_document(part, self.losses)
                return [] if document is None else [document]
            case _:
                return self._rare(part)

    def _rare(self, part: Audio | Hosted | HostedResult | Opaque) -> list[JsonObject]:
        match part:
            case Hosted() | HostedResult() if part.raw.dialect == NAME:
                return [part.raw.fields]
            case Hosted() | HostedResult():
                self.losses.note(f"hosted.{part.kind.value}", "a foreign tool's call")
            case Opaque():
                if part.dialect == NAME:
                    return [part.raw]
                self.losses.note(part.type, f"only {part.dialect} has a word for it")
            case _:
                self.losses.note("audio", "no sound")
        return []

    def _reasoning(self, part: Reasoning) -> list[JsonObject]:
        """Only with a seal of its own maker: who checks seals refuses others."""
        own = [seal for seal in part.seals if seal.dialect == NAME]
        if not own:
            self.losses.note("reasoning", "not sealed by this upstream", hint=True)
            return []
        extra = self.losses.extra(part.extra, "reasoning", THINKING.hints)
        blocks: list[JsonObject] = []
        text = part.shown()
        for seal in own:
            blocks.append({**extra, **render_seal(text, seal)})
            text = text if seal.kind == REDACTED else ""
        return blocks

    def _result(self, part: ToolResult) -> JsonObject:
        body: dict[str, Json] = {**self.losses.extra(part.extra, "result", TOOL_RESULT.hints)}
        body["type"] = "tool_result"
        body["tool_use_id"] = shorten(self._pairing.result(part), WIDTH)
        if part.parts:
            body["content"] = self._content(self.blocks(part.parts))
        if part.error is not None:
            body["is_error"] = part.error
        return body
