"""A form with an audio file, on its way: the proxy's own fields are taken out, and what is missing is put in.

::

    --b                                            --b
    Content-Disposition: form-data; name="file"    Content-Disposition: form-data; name="file"; filename="audio.wav"

    RIFF....                                       RIFF....
    --b                                            --b
    Content-Disposition: form-data;                Content-Disposition: form-data; name="model"
     name="security_key"
                                                   whisper-1
    ...                                            ...

Nothing of the file is held here. Fields are held until they end, since an empty one is left out. The form keeps its
boundary, which can stand in none of its parts.

A field of the proxy's own decides how the upstream is asked, so that it has to be known before the first byte goes
there. When the file begins, whoever sends on is asked whether what is known is enough; if it is, no such field is
taken any more, and if not, all of the form has to be waited for. Neither depends on how the form was cut on its way.
"""

import re
from collections.abc import Callable

from attrs import define, field
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from openaiproxy.errors import BadRequest
from openaiproxy.simple.own import OWN, Own, read_own

__all__ = ["Form", "boundary_of"]

_FILE = "file"
_FILE_NAME = "audio.wav"
_DEFAULTS = {"model": "whisper-1", "temperature": "0", "response_format": "json"}
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_LINE_BREAK = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_FIELDS = 64
_FIELD_BYTES = 1 << 20
_DISPOSITION, _TYPE = "Content-Disposition", "Content-Type"


def boundary_of(content_type: str) -> str:
    """The boundary that a form's type names.

    :raises BadRequest: 400, for another type, or without one.
    """
    media, options = parse_options_header(content_type)
    if media != "multipart/form-data":
        raise _refused("Content-Type must be multipart/form-data")
    boundary: str = options.get("boundary", "")
    if _BOUNDARY.fullmatch(boundary) is None:
        raise _refused("The form's boundary is missing or malformed")
    return boundary


@define(eq=False)
class Form:
    """One form.

    :param boundary: between its parts.
    :param suffices: whether the proxy's part that stands before the file is enough to send the form.
    :ivar settled: what that said; ``None`` before the file begins.
    """

    _boundary: str
    _suffices: Callable[[Own], bool]
    settled: bool | None = field(default=None, init=False)
    _parser: PushMultipartParser = field(init=False, repr=False)
    _model: str = field(default="", init=False)
    _own: dict[str, str] = field(factory=dict, init=False, repr=False)
    _seen: set[str] = field(factory=set, init=False)
    _part: MultipartSegment | None = field(default=None, init=False, repr=False)
    _value: bytearray = field(factory=bytearray, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        # Not its strict mode, which takes what may follow the last boundary for a fault, if it comes later.
        self._parser = PushMultipartParser(self._boundary, max_segment_count=_MOST_FIELDS)

    @property
    def own(self) -> Own:
        """The proxy's part, as far as it is known.

        :raises BadRequest: as :func:`openaiproxy.simple.own.read_own`.
        """
        return read_own(self._own)

    @property
    def model(self) -> str:
        """The model, as far as it is known."""
        return self._model or _DEFAULTS["model"]

    def feed(self, data: bytes) -> bytes:
        """What goes upstream for the next bytes.

        :raises BadRequest: 400 for what is no form, and for a field that comes too late; 413 for too long a field.
        """
        if not data:
            return b""
        made: list[bytes] = []
        try:
            for event in self._parser.parse(data):
                self._take(event, made)
        except MultipartError:
            raise _refused("The form can't be read") from None
        return b"".join(made)

    def end(self) -> bytes:
        """What goes upstream when the form is whole.

        :raises BadRequest: 400, when it isn't, or holds no file.
        """
        try:
            self._parser.close()
        except MultipartError:
            raise _refused("The form ended before it was complete") from None
        if self.settled is None:
            raise _refused("No audio file uploaded")
        added = [
            self._head(f'form-data; name="{name}"') + value.encode("ascii") + b"\r\n"
            for name, value in _DEFAULTS.items()
            if name not in self._seen
        ]
        return b"".join((*added, b"--%b--\r\n" % self._boundary.encode("ascii")))

    def _take(self, event: MultipartSegment | bytes | None, made: list[bytes]) -> None:
        if isinstance(event, MultipartSegment):
            self._begin(event, made)
        elif event is None:
            self._finish(made)
        elif self._is_file:
            made.append(bytes(event))
        else:
            self._value += event
            if len(self._value) > _FIELD_BYTES:
                raise BadRequest(413, "field_too_large", "A field of the form is too long")

    @property
    def _is_file(self) -> bool:
        return self._part is not None and self._part.name == _FILE

    def _begin(self, part: MultipartSegment, made: list[bytes]) -> None:
        self._part = part
        if not self._is_file:
            return
        if self.settled is not None:
            raise _refused("The form holds more than one file")
        self.settled = self._suffices(self.own)
        said = str(part.header(_DISPOSITION, ""))
        if not part.filename:
            said = f'form-data; name="{_FILE}"; filename="{_FILE_NAME}"'
        made.append(self._head(said, part.header(_TYPE, "application/octet-stream")))

    def _finish(self, made: list[bytes]) -> None:
        part, self._part = self._part, None
        value, self._value = bytes(self._value), bytearray()
        assert part is not None, "a part ends after it began"
        name = part.name or ""
        if name == _FILE:
            made.append(b"\r\n")
        elif name in OWN:
            self._keep(name, value.decode("utf-8", "replace"))
        elif value:
            self._seen.add(name)
            if name == "model":
                self._model = value.decode("utf-8", "replace")[:200]
            said = str(part.header(_DISPOSITION, ""))
            made += (self._head(said, part.header(_TYPE)), value, b"\r\n")

    def _keep(self, name: str, value: str) -> None:
        """Keep a field of the proxy's own; the first of its name holds."""
        if self.settled and name != "security_key" and value and self._own.get(name) != value:
            raise _refused(f"{name} must come before the file")
        if value:
            self._own.setdefault(name, value)

    def _head(self, disposition: str, media: str | None = None) -> bytes:
        lines = [f"--{self._boundary}", f"{_DISPOSITION}: {disposition}"]
        if media is not None:
            lines.append(f"{_TYPE}: {media}")
        if any(_LINE_BREAK.search(line) for line in lines):
            raise _refused("The form can't be read")
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogatepass")


def _refused(message: str) -> BadRequest:
    return BadRequest(400, "bad_request", message)
