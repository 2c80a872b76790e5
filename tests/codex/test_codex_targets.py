"""Where on the backend a request goes."""

import pytest

from openaiproxy.codex.targets import backend_target, is_native_models
from openaiproxy.errors import BadRequest

PREFIX = b"/backend-api/codex"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/v1/responses", b"/backend-api/codex/responses"),
        (b"/responses?a=b", b"/backend-api/codex/responses?a=b"),
        (b"/v1/responses/", b"/backend-api/codex/responses"),
        (b"/v1/responses/compact", b"/backend-api/codex/responses/compact"),
        (b"/v1/models", b"/backend-api/codex/models?client_version=1.0.0"),
        (b"/v1/models?refresh=1", b"/backend-api/codex/models?client_version=1.0.0"),
        (b"/models?client_version=2.0", b"/backend-api/codex/models?client_version=2.0"),
        (b"/models?a&client_version=2", b"/backend-api/codex/models?a&client_version=2"),
        (b"/api/codex/usage", b"/backend-api/wham/usage"),
        (b"/v1/api/codex/usage?x", b"/backend-api/wham/usage?x"),
        (b"/backend-api/wham/usage", b"/backend-api/wham/usage"),
    ],
)
def test_paths_of_the_api_are_paths_of_the_backend(target: bytes, expected: bytes) -> None:
    assert backend_target(target, PREFIX) == expected


@pytest.mark.parametrize(
    "target",
    [
        b"/v1/embeddings",
        b"/v1/images/generations",
        b"/v1/files",
        b"/v1/responses/resp_1",
        b"/v1/responses/..%2f..",
        b"/v1/models/gpt-5",
        b"/",
    ],
)
def test_what_the_backend_has_not_is_refused_with_an_explanation(target: bytes) -> None:
    with pytest.raises(BadRequest, match="API key") as raised:
        backend_target(target, PREFIX)
    assert raised.value.status == 404


def test_codex_asks_for_the_list_in_its_own_shape() -> None:
    assert is_native_models(b"/v1/models?client_version=0.1")
    assert not is_native_models(b"/v1/models?not_client_version=1")
