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
from math import ceil

from attrs import define
from twisted.web.http_headers import Headers

from openaiproxy.errors import BadRequest
from openaiproxy.web.sessions import Sessions

__all__ = ["Admin", "bearer_tokens", "place_of"]

_TRIES = 5
_PERIOD = 60.0
_PLACES = 1024
_BEARER = (b"WWW-Authenticate", b'Bearer realm="openaiproxy"')


@define
class _Failures:
    count: int
    until: float


class Admin:
    """The admin token's keeper, one for the process.

    :param token: ``None`` lets nobody in.
    :param seconds: the clock.
    :param salt: bytes that nobody outside the process knows; made here where there are none.
    :ivar sessions: of people who showed it in a form.
    :ivar retired: whether another token has taken its place.
    """

    def __init__(
        self, token: str | None, seconds: Callable[[], float], salt: bytes | None = None
    ) -> None:
        self._digest = None if token is None else _digest(token.encode())
        self.sessions = Sessions(token, salt or secrets.token_bytes(32), seconds)
        self.retired = False
        self._seconds = seconds
        self._failures: dict[str, _Failures] = {}

    @property
    def has_token(self) -> bool:
        """Whether there is anybody to let in."""
        return self._digest is not None

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
        place, now = place_of(peer), self._seconds()
        self._check_place(place, now)
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
        self._note_failure(place, now)
        raise BadRequest(
            401,
            "admin_token_invalid",
            "openaiproxy: the admin token is not valid",
            headers=(_BEARER,),
        )

    def _check_place(self, place: str, now: float) -> None:
        failures = self._failures.get(place)
        if failures is None:
            return
        if now >= failures.until:
            del self._failures[place]
        elif failures.count >= _TRIES:
            wait = b"%d" % max(1, ceil(failures.until - now))
            raise BadRequest(
                429,
                "too_many_tries",
                "openaiproxy: too many wrong admin tokens came from there; wait a little",
                headers=((b"Retry-After", wait),),
            )

    def _note_failure(self, place: str, now: float) -> None:
        failures = self._failures.pop(place, None) or _Failures(0, now + _PERIOD)
        failures.count += 1
        if failures.count >= _TRIES:
            failures.until = now + _PERIOD
        self._failures[place] = failures
        if len(self._failures) > _PLACES:
            del self._failures[next(iter(self._failures))]


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
