"""What is noted of one request while it runs, for the line that is written when it has ended."""

from attrs import define

from openaiproxy.ops.access import Exchanged

__all__ = ["Record"]


@define
class Record:
    """Notes on one request. Times are the clock's seconds.

    :param id: the request's id.
    :param started: when its head was complete.
    :param incoming: the caller's own name for it, where it isn't the request's id.
    :param retries: how often the upstream was asked again.
    """

    id: str
    started: float
    method: str = ""
    target: bytes = b""
    peer: str = ""
    client: str = ""
    model: str | None = None
    status: int | None = None
    upstream_status: int | None = None
    upstream_id: str | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    first_byte: float | None = None
    code: str | None = None
    incoming: str | None = None
    retries: int = 0
    dropped: tuple[str, ...] = ()
    ending: str = "complete"

    def close(self, port: int | str, profile: str, now: float) -> Exchanged:
        """The request's one line, as a value."""
        return Exchanged(
            id=self.id,
            port=port,
            profile=profile,
            method=self.method,
            path=self.target.decode("latin-1"),
            peer=self.peer,
            client=self.client,
            model=self.model,
            status=self.status,
            upstream_status=self.upstream_status,
            upstream_id=self.upstream_id,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            first_byte=None if self.first_byte is None else self.first_byte - self.started,
            duration=now - self.started,
            code=self.code,
            dropped=",".join(self.dropped) or None,
            ending=self.ending,
        )
