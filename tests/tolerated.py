"""What is let through though a vendor's description has it otherwise, each with its reason."""

import re

from attrs import field, frozen

__all__ = ["TOLERATED", "Tolerance"]


@frozen
class Tolerance:
    """One thing that is let through.

    :param about: dialect and kind of document (``request``, ``reply``, ``event``), as a pattern
        for ``dialect kind``.
    :param line: a pattern for the error, ``place: words``.
    """

    about: re.Pattern[str] = field(converter=re.compile)
    line: re.Pattern[str] = field(converter=re.compile)
    why: str

    def fits(self, dialect: str, kind: str, line: str) -> bool:
        """Whether an error is this one."""
        return bool(self.about.fullmatch(f"{dialect} {kind}") and self.line.search(line))


def _null(*names: str) -> str:
    return rf"/({'|'.join(names)}): null is not (of type|one of) "


def _absent(place: str, *names: str) -> str:
    return rf'{place}: "({"|".join(names)})" is a required property$'


TOLERATED = (
    Tolerance(
        "chat event",
        _null("finish_reason", "logprobs", "usage", "system_fingerprint", "logprobs/refusal"),
        "the service says null in every chunk where the description has no null",
    ),
    Tolerance(
        "chat reply",
        _null("system_fingerprint"),
        "the service says null",
    ),
    Tolerance(
        "chat event",
        r"/delta/tool_calls(/\[\]/type)?: .*custom",
        "chunks are described without custom tools, which whole answers have",
    ),
    Tolerance(
        "responses (reply|event)",
        _null("user", "usage", "description"),
        "the service says null where the description has no null",
    ),
    Tolerance(
        "responses (reply|event)",
        _absent("/input_tokens_details", "cache_write_tokens"),
        "two in three of the service's own answers do without it",
    ),
    Tolerance(
        "responses event",
        r"/type: unknown (keepalive|response\.apply_patch_call_operation_diff\.(delta|done))$",
        "the service sends them; no description has them",
    ),
    Tolerance(
        "responses event",
        _absent("/item", "action", "environment", "result"),
        "hosted calls are added before these are known, and are told as they were read",
    ),
    Tolerance(
        "responses (reply|event)",
        _absent(r"/output/\[\]", "environment"),
        "a shell call is told as it was read",
    ),
    Tolerance(
        "responses event",
        r'/response/error/code: "\w+" is not one of ',
        "the service sends codes that are not in its list (insufficient_quota), and so do we",
    ),
    Tolerance(
        "messages event",
        r"/type: unknown ping$",
        "keep-alives are documented, and no model of the SDK's",
    ),
    Tolerance(
        "(chat|responses) (reply|event)",
        r'/service_tier: "\w+" is not one of ',
        "a tier is the upstream's own word",
    ),
    Tolerance(
        "responses (request|reply|event)",
        r"valid under more than one of the schemas listed in the 'oneOf' keyword$",
        "two kinds of messages are described that overlap",
    ),
    Tolerance(
        "responses request",
        r'/input/\[\]/content: .*"output_text".* is not of type "string"$'
        r'|/input/\[\]: "(id|status)" is a required property$',
        "an assistant's words in an input need neither id nor status, and none is made up",
    ),
    Tolerance(
        "chat request",
        r"/messages: \[\] has less than 1 item$",
        "a stored prompt alone leaves nothing for Chat to be asked, as the losses say",
    ),
    Tolerance(
        "(chat|responses) (request|reply|event)",
        r"/(top_p|temperature): -?[\d.]+ is (less|greater) than the (min|max)imum of \d",
        "a caller's own number, for the upstream to judge",
    ),
    Tolerance(
        "(chat|responses) error",
        r"/error/type: null is not of type",
        "an upstream that told no type of its error (Azure) is told so, within its own dialect",
    ),
    Tolerance(
        "responses (request|reply|event)",
        r'/tool_choice: \{"type":"web_search"\} is not (of type|one of) ',
        "a hosted tool is chosen by its type; the list has only the older one of this tool",
    ),
    Tolerance(
        "responses request",
        r'/input/\[\]/content: .*"type":"input_audio".* is not of type "string"$',
        "the description speaks of sound and does not list it; a refusal is the upstream's to give",
    ),
    Tolerance(
        "messages request",
        r'/source/media_type: "application/pdf" was expected$',
        "a document of another kind is sent as what it is; a refusal is the upstream's to give",
    ),
)
