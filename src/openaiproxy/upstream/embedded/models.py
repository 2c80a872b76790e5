"""The lists of models, OpenAI's and Anthropic's.

They're only lists: every API of the stand-in answers to any model's name.
"""

from typing import Any

from attrs import evolve

from openaiproxy.upstream.embedded.calls import Answer, Call, Whole
from openaiproxy.upstream.embedded.lists import page
from openaiproxy.upstream.embedded.refusals import not_found

__all__ = ["CLAUDES", "MODELS", "retrieve", "show"]

Json = dict[str, Any]

#: name -> when it was made, in UNIX time.
MODELS: dict[str, int] = {
    "gpt-4.1": 1744316542,
    "gpt-4.1-mini": 1744318173,
    "gpt-4o": 1715367049,
    "gpt-4o-mini": 1721172741,
    "gpt-5": 1754425777,
    "gpt-5-mini": 1754425928,
    "gpt-5-codex": 1757527818,
    "gpt-5-pro": 1759469822,
    "gpt-5.4": 1772662800,
    "gpt-5.6-terra": 1783900800,
    "o1-mini": 1725649008,
    "o1-preview": 1725648897,
    "o3": 1744225308,
    "gpt-3.5-turbo-instruct": 1692901427,
    "text-embedding-3-small": 1705948997,
    "text-embedding-3-large": 1705953180,
    "omni-moderation-latest": 1731689265,
    "whisper-1": 1677532384,
    "gpt-4o-transcribe": 1742068463,
    "gpt-image-1": 1745517030,
    "tts-1": 1681940951,
    "gpt-4o-mini-tts": 1742403959,
}


#: Anthropic's models, newest first: name -> what people call it, and when it was made.
CLAUDES: dict[str, tuple[str, str]] = {
    "claude-opus-4-5-20251101": ("Claude Opus 4.5", "2025-11-24T00:00:00Z"),
    "claude-haiku-4-5-20251001": ("Claude Haiku 4.5", "2025-10-15T00:00:00Z"),
    "claude-sonnet-4-5-20250929": ("Claude Sonnet 4.5", "2025-09-29T00:00:00Z"),
    "claude-sonnet-4-20250514": ("Claude Sonnet 4", "2025-05-22T00:00:00Z"),
}


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": MODELS[name], "owned_by": "openai"}


def _claude(name: str) -> Json:
    title, made = CLAUDES[name]
    return {"type": "model", "id": name, "display_name": title, "created_at": made}


def show(call: Call) -> Answer:
    """``GET /v1/models``: OpenAI's, or a page of Anthropic's."""
    if not call.anthropic:
        return Whole({"object": "list", "data": [_model(name) for name in MODELS]})
    names = {
        **call.query,
        **({"after": call.query["after_id"]} if "after_id" in call.query else {}),
    }
    listed = page(evolve(call, query=names), [_claude(name) for name in CLAUDES], 20, 1000)
    listed.pop("object")
    return Whole(listed)


def retrieve(call: Call) -> Answer:
    """``GET /v1/models/{id}``."""
    if call.anthropic and call.id in CLAUDES:
        return Whole(_claude(call.id))
    if call.anthropic or call.id not in MODELS:
        message = f"model: {call.id}" if call.anthropic else f"The model '{call.id}' does not exist"
        raise not_found(message, param="model", code="model_not_found")
    return Whole(_model(call.id))
