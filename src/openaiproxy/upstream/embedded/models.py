"""The list of models. It's only a list: every API of the stand-in answers to any model's name."""

from typing import Any

from openaiproxy.upstream.embedded.calls import Answer, Call, Whole
from openaiproxy.upstream.embedded.refusals import not_found

__all__ = ["MODELS", "retrieve", "show"]

#: name -> when it was made, in UNIX time.
MODELS: dict[str, int] = {
    "gpt-4.1": 1744316542,
    "gpt-4.1-mini": 1744318173,
    "gpt-4o": 1715367049,
    "gpt-4o-mini": 1721172741,
    "gpt-5": 1754425777,
    "gpt-5-mini": 1754425928,
    "gpt-5-codex": 1757527818,
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


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": MODELS[name], "owned_by": "openai"}


def show(call: Call) -> Answer:
    """``GET /v1/models``."""
    return Whole({"object": "list", "data": [_model(name) for name in MODELS]})


def retrieve(call: Call) -> Answer:
    """``GET /v1/models/{id}``."""
    if call.id not in MODELS:
        message = f"The model '{call.id}' does not exist"
        raise not_found(message, param="model", code="model_not_found")
    return Whole(_model(call.id))
