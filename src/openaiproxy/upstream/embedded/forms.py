"""Reading a request's body: a JSON object, or a multipart form by the standard library's ``email``.

A field that is repeated, or whose name ends in ``[]``, is a list.
"""

from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import orjson

from openaiproxy.upstream.embedded.calls import Upload
from openaiproxy.upstream.embedded.refusals import Refusal

__all__ = ["parse_body"]

Fields = dict[str, Any]
Uploads = dict[str, list[Upload]]


def parse_body(content: bytes, kind: str) -> tuple[Fields, Uploads]:
    """Read a body.

    :param kind: its content type.
    :returns: its fields, and the files of a form by field name.
    :raises Refusal: 400, if it is neither a JSON object nor a form.
    """
    if kind.lower().startswith("multipart/form-data"):
        return _form(content, kind)
    if not content.strip():
        return {}, {}
    try:
        body = orjson.loads(content)
    except ValueError:
        message = "We could not parse the JSON body of your request."
        raise Refusal(400, message) from None
    if not isinstance(body, dict):
        raise Refusal(400, "The body of your request must be a JSON object.")
    return body, {}


def _form(content: bytes, kind: str) -> tuple[Fields, Uploads]:
    head = b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + content)
    if not message.is_multipart():
        raise Refusal(400, "We could not parse the multipart form of your request.")
    fields: Fields = {}
    uploads: Uploads = {}
    for part in message.get_payload():
        assert isinstance(part, Message)
        name = str(part.get_param("name", "", header="content-disposition"))
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        filename = part.get_filename()
        if filename is not None:
            uploads.setdefault(name, []).append(Upload(filename, data, part.get_content_type()))
        else:
            _add(fields, name, data.decode("utf-8", "replace"))
    return fields, uploads


def _add(fields: Fields, name: str, value: str) -> None:
    if name not in fields:
        fields[name] = [value] if name.endswith("[]") else value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]
