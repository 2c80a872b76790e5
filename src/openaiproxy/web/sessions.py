"""Sessions of people who showed the admin token in a form.

A session is a value that a browser carries in a cookie::

    1767225600.pQ2vXkZ0a9yT3bLw.5f0c...      when it expires, what makes it one of a kind, the seal

The seal is an HMAC of the two others. Its key is made from the token and a salt of this process, so the value tells
nothing of the token, outlives neither a change of token nor a restart, and can be checked without a list of sessions.
Only those that were ended before their time are listed, until that time comes.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable

__all__ = ["LIFETIME", "Sessions"]

#: Seconds that a session lasts.
LIFETIME = 12 * 3600
_MOST_ENDED = 1024
_LONGEST = 200


class Sessions:
    """Those of one process.

    :param token: the admin token; without one there are no sessions.
    :param salt: bytes that nobody outside the process knows.
    :param seconds: the clock.
    :param tell: is told each that is ended here.
    """

    def __init__(
        self,
        token: str | None,
        salt: bytes,
        seconds: Callable[[], float],
        tell: Callable[[str], None] = lambda value: None,
    ) -> None:
        key = hmac.digest(salt, b"session " + (token or "").encode(), hashlib.sha256)
        self._key = None if token is None else key
        self._seconds = seconds
        self._tell = tell
        self._ended: dict[bytes, float] = {}

    def begin(self) -> bytes:
        """Begin a session, for one who showed the token.

        :returns: its value, of characters that may stand in a cookie.
        """
        until = int(self._seconds()) + LIFETIME
        said = b"%d.%s" % (until, secrets.token_urlsafe(12).encode("ascii"))
        return said + b"." + self._seal(said)

    def admits(self, values: Iterable[bytes]) -> bool:
        """Whether one of these is a session that lasts."""
        return any(self._lasts(value) for value in values)

    def end(self, values: Iterable[bytes]) -> None:
        """End these before their time."""
        self._forget()
        for value in filter(self._lasts, tuple(values)):
            self._end(value)
            self._tell(value.decode("ascii"))

    def hear(self, value: str) -> None:
        """One was ended at another process with the same token and salt."""
        self._forget()
        if self._lasts(value.encode()):
            self._end(value.encode())

    def _forget(self) -> None:
        now = self._seconds()
        self._ended = {value: until for value, until in self._ended.items() if until > now}

    def _end(self, value: bytes) -> None:
        self._ended[value] = self._seconds() + LIFETIME
        if len(self._ended) > _MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def _lasts(self, value: bytes) -> bool:
        said, _, seal = value.rpartition(b".")
        if self._key is None or len(value) > _LONGEST:
            return False
        if not hmac.compare_digest(seal, self._seal(said)):
            return False
        # What is sealed is ours, and so is a number.
        return self._seconds() < int(said.partition(b".")[0]) and value not in self._ended

    def _seal(self, said: bytes) -> bytes:
        return hmac.new(self._key or b"", said, hashlib.sha256).hexdigest().encode("ascii")
