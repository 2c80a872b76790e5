"""What a test or a benchmark may ask the stand-in about: counts, and the last requests; all
bounded, none with a secret.
"""

from collections import deque

from attrs import define, field, frozen

__all__ = ["Seen", "Tally"]


@frozen
class Seen:
    """One request that was read whole.

    :param target: path and query, as sent.
    :param size: bytes of its body; ``digest``: their SHA-256 in hex.
    """

    method: str
    target: str
    size: int
    digest: str


@define
class Tally:
    """Counts since the start.

    :param requests: requests that were read whole.
    :param active: answers that are being waited for or written; ``streaming``: those of them that
        are event streams.
    :param finished: answers that were written to their proper end.
    :param abandoned: answers whose connection was lost first, by the client or by a fault.
    :param recent: the last 256 requests, oldest first.
    """

    requests: int = 0
    active: int = 0
    streaming: int = 0
    finished: int = 0
    abandoned: int = 0
    recent: deque[Seen] = field(factory=lambda: deque(maxlen=256))
