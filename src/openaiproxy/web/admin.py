"""Who may see what is only the operator's to see: whoever shows the admin token.

The token is compared in constant time. Failed tries are counted by where they come from, and beyond a few in a minute
nothing more from there is looked at for a while, the right token included: otherwise the answer would still tell. Where
there is no token, nobody is let in.

The token comes as a Bearer token. Pages that are documented to take it in another way (a form, ``?access_token=``) hand
over what they found. A browser that was let in by the form shows a session from then on
(:mod:`openaiproxy.web.sessions`), and never the token.
"""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Callable, Iterable
from functools import partial

from twisted.web.http_headers import Headers

from openaiproxy.errors import BadRequest
from openaiproxy.web.sessions import Sessions
from openaiproxy.web.tries import Tries

__all__ = ["ENDED", "TRIED", "Admin", "bearer_tokens", "place_of"]

#: What other processes on the same ports are told of: where a wrong token was tried, a session that was ended.
TRIED = "tried"
ENDED = "ended"

_BEARER = (b"WWW-Authenticate", b'Bearer realm="openaiproxy"')


class Admin:
    """The admin token's keeper, one for the process.

    :param token: ``None`` lets nobody in.
    :param seconds: the clock.
    :param salt: bytes that nobody outside the process knows; made here where there are none.
    :param tries: the wrong tokens that were shown; none so far where there are none.
    :param tell: is told what other processes are to hear: its kind, and the place or the session.
    :ivar tries: these.
    :ivar sessions: of people who showed it in a form.
    :ivar retired: whether another token has taken its place.
    """

    def __init__(
        self,
        token: str | None,
        seconds: Callable[[], float],
        salt: bytes | None = None,
        tries: Tries | None = None,
        tell: Callable[[str, str], None] = lambda kind, value: None,
    ) -> None:
        self._digest = None if token is None else _digest(token.encode())
        self._salt = salt or secrets.token_bytes(32)
        self.sessions = Sessions(token, self._salt, seconds, partial(tell, ENDED))
        self.retired = False
        self._tell = tell
        self._seconds = seconds
        self.tries = tries or Tries(seconds, partial(tell, TRIED))

    @property
    def has_token(self) -> bool:
        """Whether there is anybody to let in."""
        return self._digest is not None

    def succeeded_by(self, token: str | None) -> "Admin":
        """A keeper of another token, who knows of the tries so far."""
        return Admin(token, self._seconds, self._salt, self.tries, self._tell)

    def retire(self) -> None:
        """Another token has taken its place: those who were let in by this one are so no longer."""
        self.retired = True
        self.sessions = Sessions(None, b"", self._seconds)

    def check(self, peer: str, shown: Iterable[bytes]) -> None:
        """Let one in who shows the token.

        :param peer: the address that it comes from.
        :param shown: what may be the token; see :func:`bearer_tokens`.
        :raises BadRequest: 401 ``admin_token_missing`` or ``admin_token_invalid``; 403 ``admin_token_not_set``; 429
            ``too_many_tries``.
        """
        place = place_of(peer)
        self._check_place(place)
        if self._digest is None:
            raise BadRequest(
                403,
                "admin_token_not_set",
                "openaiproxy: this page needs an admin token, and none is set",
            )
        candidates = [each for each in shown if each]
        if any(hmac.compare_digest(_digest(each), self._digest) for each in candidates[:2]):
            return
        if not candidates:
            raise BadRequest(
                401,
                "admin_token_missing",
                "openaiproxy: this page needs the admin token, as a Bearer token",
                headers=(_BEARER,),
            )
        self.tries.note(place)
        raise BadRequest(
            401,
            "admin_token_invalid",
            "openaiproxy: the admin token is not valid",
            headers=(_BEARER,),
        )

    def hear(self, kind: str, value: str) -> None:
        """What another process has told."""
        if kind == TRIED:
            self.tries.hear(value)
        elif kind == ENDED:
            self.sessions.hear(value)

    def _check_place(self, place: str) -> None:
        wait = self.tries.wait(place)
        if wait:
            raise BadRequest(
                429,
                "too_many_tries",
                "openaiproxy: too many wrong admin tokens came from there; wait a little",
                headers=((b"Retry-After", b"%d" % wait),),
            )


def bearer_tokens(headers: Headers) -> list[bytes]:
    """The Bearer tokens of a request."""
    found = []
    for value in headers.getRawHeaders(b"authorization", []):
        scheme, _, token = value.partition(b" ")
        if scheme.lower() == b"bearer":
            found.append(token.strip())
    return found


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def place_of(peer: str) -> str:
    """Where a caller is: the address, or of IPv6 the network that one host is given whole."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)
