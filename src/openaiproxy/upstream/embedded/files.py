"""Files: uploaded, listed, read back and deleted, in a bounded memory that forgets the oldest."""

from typing import Any

from attrs import frozen

from openaiproxy.upstream.embedded.calls import Answer, Binary, Call, Upload, Whole
from openaiproxy.upstream.embedded.lists import page
from openaiproxy.upstream.embedded.refusals import Refusal, not_found

__all__ = ["content", "create", "delete", "retrieve", "show"]

_BLOCK = 64 * 1024
_PURPOSES = ("assistants", "batch", "evals", "fine-tune", "user_data", "vision")


@frozen
class Stored:
    """A file that is kept."""

    document: dict[str, Any]
    upload: Upload


def create(call: Call) -> Answer:
    """``POST /v1/files``, a multipart form."""
    call.require("file", "purpose")
    if "file" not in call.uploads:
        raise Refusal(400, "'file' must be a file.", param="file")
    purpose = call.body["purpose"]
    if purpose not in _PURPOSES:
        message = f"'{purpose}' is not one of {list(_PURPOSES)} - 'purpose'"
        raise Refusal(400, message, param="purpose")
    upload = call.uploads["file"][0]
    document = {
        "id": call.name("file-", upload.name, 22),
        "object": "file",
        "bytes": len(upload.content),
        "created_at": call.now,
        "filename": upload.name,
        "purpose": purpose,
        "status": "processed",
    }
    call.shelves.files.keep(document["id"], Stored(document, upload), len(upload.content))
    return Whole(document)


def show(call: Call) -> Answer:
    """``GET /v1/files``: newest first, unless ``order=asc``; of one ``purpose`` if that's asked
    for.
    """
    kept = [stored.document for stored in call.shelves.files]
    kept.sort(key=lambda d: d["created_at"], reverse=call.query.get("order") != "asc")
    purpose = call.query.get("purpose")
    chosen = [d for d in kept if purpose in (None, d["purpose"])]
    return Whole(page(call, chosen, 10_000, 10_000))


def _stored(call: Call) -> Stored:
    stored = call.shelves.files.get(call.id)
    if not isinstance(stored, Stored):
        raise not_found(f"No such File object: {call.id}", param="id")
    return stored


def retrieve(call: Call) -> Answer:
    """``GET /v1/files/{id}``."""
    return Whole(_stored(call).document)


def content(call: Call) -> Answer:
    """``GET /v1/files/{id}/content``: the bytes that were uploaded."""
    data = memoryview(_stored(call).upload.content)
    blocks = (bytes(data[at : at + _BLOCK]) for at in range(0, len(data), _BLOCK))
    return Binary(blocks, "application/octet-stream", len(data))


def delete(call: Call) -> Answer:
    """``DELETE /v1/files/{id}``."""
    id = _stored(call).document["id"]
    call.shelves.files.drop(id)
    return Whole({"id": id, "object": "file", "deleted": True})
