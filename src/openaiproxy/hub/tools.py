"""What a model may call, and how free it is to do so.

:mod:`openaiproxy.hub.request` offers all of these names too.
"""

from enum import Enum
from typing import TypeAlias

from attrs import frozen

from openaiproxy.hub.parts import Extra, HostedKind, JsonObject

__all__ = [
    "Choose",
    "CustomTool",
    "FunctionTool",
    "HostedTool",
    "OpaqueTool",
    "Tool",
    "ToolChoice",
    "ToolRef",
]


@frozen(slots=False)
class FunctionTool:
    """A tool that takes JSON.

    :param parameters: its JSON Schema; ``None`` where the wire gave none.
    :param strict: whether arguments are bound to the schema. ``None`` is the wire's default, and
        defaults differ: Chat and Messages do not bind, Responses does. A parser of a wire that
        binds by default leaves ``None`` only if its own renderer reads it the same way; others
        write it out.
    :param legacy: whether it came in ``functions``.
    """

    name: str
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None
    legacy: bool = False
    extra: Extra | None = None


@frozen(slots=False)
class CustomTool:
    """A tool that takes free text.

    :param syntax: of its grammar, ``lark`` or ``regex``; ``None`` for any text.
    :param definition: the grammar.
    """

    name: str
    description: str | None = None
    syntax: str | None = None
    definition: str | None = None
    extra: Extra | None = None


@frozen(slots=False)
class HostedTool:
    """A tool on the provider's side. Its own dialect renders ``raw`` as it stands.

    :param raw: the whole tool.
    :param name: by which calls name it, where they do.
    :param location: the user's, as all three dialects spell it.
    :param context: how much of what is found is read: ``low``, ``medium`` or ``high``.
    """

    kind: HostedKind
    raw: Extra
    name: str | None = None
    allowed: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    location: JsonObject | None = None
    context: str | None = None
    max_uses: int | None = None


@frozen(slots=False)
class OpaqueTool:
    """A tool of a type for which the hub has no word (a namespace, a toolset)."""

    dialect: str
    type: str
    raw: JsonObject


Tool: TypeAlias = FunctionTool | CustomTool | HostedTool | OpaqueTool


class Choose(Enum):
    """How free the model is in calling."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"
    ONE = "one"


@frozen(slots=False)
class ToolRef:
    """A tool, named.

    :param type: ``function``, ``custom``, or a hosted kind's value.
    :param raw: as its own dialect spelt it, if it is more than these.
    """

    type: str
    name: str | None = None
    raw: Extra | None = None


@frozen(slots=False)
class ToolChoice:
    """Which tools may, or must, be called.

    :param tool: the one, with ``ONE``.
    :param allowed: those that may be called at all; ``None`` is all.
    """

    choose: Choose
    tool: ToolRef | None = None
    allowed: tuple[ToolRef, ...] | None = None
    legacy: bool = False
    extra: Extra | None = None
