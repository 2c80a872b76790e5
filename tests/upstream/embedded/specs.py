"""The vendors' own descriptions of their APIs: beside the project, or where ``OPENAIPROXY_SPECS`` says."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

__all__ = ["check", "check_anthropic", "needs_specs"]

_BESIDE = Path(__file__).resolve().parents[4] / "shared" / "specs"
FOLDER = Path(os.environ.get("OPENAIPROXY_SPECS", _BESIDE))
DESCRIPTION = FOLDER / "openai" / "openapi.json"

needs_specs = pytest.mark.skipif(
    not DESCRIPTION.exists(), reason=f"OpenAI's API description isn't at {DESCRIPTION}"
)


@cache
def _components() -> dict[str, Any]:
    components: dict[str, Any] = json.loads(DESCRIPTION.read_bytes())["components"]
    return components


@cache
def _validator(name: str) -> Draft202012Validator:
    assert name in _components()["schemas"]
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": _components()}
    )


#: Fields that the service itself sends as ``null`` (recorded many times) where its description has no null.
_NULLS = {
    "CreateChatCompletionStreamResponse": {"logprobs", "usage", "finish_reason"},
    "CreateCompletionResponse": {"finish_reason", "usage"},
    "Response": {"user", "usage"},
    "ResponseStreamEvent": {"user", "usage"},
    "ResponseFailedEvent": {"user", "usage"},
}


def _pruned(value: Any, nulls: set[str]) -> Any:
    if isinstance(value, list):
        return [_pruned(each, nulls) for each in value]
    if not isinstance(value, dict):
        return value
    pruned = {k: _pruned(v, nulls) for k, v in value.items() if v is not None or k not in nulls}
    if value.get("finish_reason", "") is None and "finish_reason" in nulls:
        pruned["finish_reason"] = "stop"  # required, so it can't just be left out
    return pruned


def check(name: str, document: Any) -> None:
    """Fail, with the place and the reason, if a document doesn't fit a schema of that name."""
    document = _pruned(document, _NULLS.get(name, set()))
    faults = [
        f"{fault.json_path}: {fault.message[:300]}"
        for fault in _validator(name).iter_errors(document)
    ]
    if faults:
        pytest.fail("\n".join(faults))


@cache
def _sdk(name: str) -> Draft202012Validator:
    found = FOLDER / "anthropic" / f"sdk-2.11.0-{name}.schema.json"
    return Draft202012Validator(json.loads(found.read_bytes()))


def check_anthropic(name: str, document: Any) -> None:
    """Fail, with the place and the reason, if a document doesn't fit a model of the anthropic SDK."""
    faults = [
        f"{fault.json_path}: {fault.message[:300]}" for fault in _sdk(name).iter_errors(document)
    ]
    if faults:
        pytest.fail("\n".join(faults))
