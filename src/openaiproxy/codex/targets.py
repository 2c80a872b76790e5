"""Where on the backend a request goes.

The backend has few paths, and none of them begins with ``/v1``::

    /v1/responses            ->  /backend-api/codex/responses
    /v1/responses/compact    ->  /backend-api/codex/responses/compact
    /v1/models               ->  /backend-api/codex/models?client_version=1.0.0
    /api/codex/usage         ->  /backend-api/wham/usage

Embeddings, images, audio and files are not to be had with a ChatGPT login, and are refused with that explanation.
"""

from typing import Final

from openaiproxy.errors import BadRequest

__all__ = ["backend_target", "is_native_models", "is_usage"]

_PATHS: Final = {b"/responses": b"/responses", b"/responses/compact": b"/responses/compact"}
_USAGE: Final = frozenset(
    (b"/api/codex/usage", b"/backend-api/wham/usage", b"/backend-api/codex/usage", b"/wham/usage")
)


def backend_target(target: bytes, prefix: bytes, client_version: str = "1.0.0") -> bytes:
    """The target to ask the backend's origin for.

    :param target: path and query as for OpenAI's API, with or without ``/v1``.
    :param prefix: path of the backend's base, such as ``/backend-api/codex``.
    :param client_version: for the list of models, where the caller names none.
    :raises BadRequest: 404, for what the backend doesn't have.
    """
    path, mark, query = target.partition(b"?")
    if is_usage(target):
        return prefix.removesuffix(b"/codex") + b"/wham/usage" + mark + query
    path = path.removeprefix(b"/v1").rstrip(b"/")
    if path == b"/models":
        if is_native_models(target):
            return prefix + path + mark + query
        return prefix + path + b"?client_version=" + client_version.encode("ascii")
    if path in _PATHS:
        return prefix + _PATHS[path] + mark + query
    raise BadRequest(
        404,
        "not_with_this_login",
        "A ChatGPT login offers responses, chat completions, messages and models alone; "
        "anything else needs an API key.",
    )


def is_usage(target: bytes) -> bool:
    """Whether this asks how much of the account's limits is used, as Codex does."""
    return target.partition(b"?")[0].removeprefix(b"/v1") in _USAGE


def is_native_models(target: bytes) -> bool:
    """Whether the list of models is wanted in the backend's own shape, as Codex wants it, which names
    its version."""
    return target.partition(b"?")[2].startswith(b"client_version=") or b"&client_version=" in target
