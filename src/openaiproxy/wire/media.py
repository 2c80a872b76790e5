"""What a body is, by what its fields say of it."""

from functools import lru_cache

from attrs import frozen

__all__ = ["Media", "media_of"]


@frozen
class Media:
    """What a body is.

    :param type: its media type, without parameters, in lower case.
    :param plain: whether it is uncompressed; nothing can be read in, or put into, a compressed one.
    """

    type: bytes
    plain: bool

    @property
    def is_stream(self) -> bool:
        """Whether it is an event stream, compressed or not."""
        return self.type == b"text/event-stream"

    @property
    def is_events(self) -> bool:
        """Whether it is an event stream that can be read."""
        return self.plain and self.type == b"text/event-stream"


@lru_cache(maxsize=64)
def media_of(kind: bytes | None, coding: bytes | None) -> Media:
    """Read the fields of a body.

    :param kind: ``Content-Type``, if it is there.
    :param coding: ``Content-Encoding``, likewise.
    """
    plain = (coding or b"identity").strip().lower() == b"identity"
    return Media((kind or b"").partition(b";")[0].strip().lower(), plain)
