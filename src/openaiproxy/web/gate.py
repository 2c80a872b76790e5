"""Who may call: client keys, and the ``Host`` and ``Origin`` rules that keep web pages off a server-side key.

A key on the loopback interface is reachable by every web page in the user's browser: by a plain POST that needs
no preflight, and by DNS rebinding. So where the port listens on loopback and spends a server-side key, a
``Host`` that is no loopback name, a foreign ``Origin`` and a cross-site fetch are refused, whatever else is right.

Keys are compared in constant time: a candidate's keyed digest finds its entry, and the entry is compared with
``hmac.compare_digest``; neither the time nor the digest says how much of a guess was right.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Iterator

from twisted.web.http_headers import Headers

from openaiproxy.errors import BadRequest
from openaiproxy.profile import ClientKey, Profile
from openaiproxy.wire.headers import first

__all__ = ["Gate", "is_loopback_name", "same_origin"]

_EXPOSED = b"*"
_METHODS = b"Access-Control-Allow-Methods"
_HEADERS = b"Access-Control-Allow-Headers"
# What a preflight's answer says by what was asked.
_ANSWERED = frozenset((_METHODS, _HEADERS))
_PREFLIGHT_SECONDS = b"600"


class Gate:
    """The rules of one open port.

    :param profile: keys, places, origins and hosts are read off it.
    :param loopback: whether the port is bound to loopback addresses only.
    :param salt: bytes that nobody outside the process knows.
    :param guarded: whether the rules against web pages hold; ``None`` for where they keep them off a server-side key.
    """

    def __init__(
        self, profile: Profile, *, loopback: bool, salt: bytes, guarded: bool | None = None
    ) -> None:
        self._auth = profile.auth
        self._keys = _Keys(profile.auth.keys, salt)
        self._origins = profile.origins
        self._hosts = profile.hosts
        self._guarded = loopback and profile.credential.is_ours if guarded is None else guarded
        self._cors = [(name.encode("ascii"), value.encode("ascii")) for name, value in profile.cors]

    def check_page(self, headers: Headers) -> None:
        """Refuse what a web page could have sent, where that would spend a server-side key.

        :raises BadRequest: 403.
        """
        if not self._guarded:
            return
        host = _host_name(_one(headers, b"host") or b"")
        if not (is_loopback_name(host) or host in self._hosts):
            raise BadRequest(
                403,
                "host_not_allowed",
                "this port answers to loopback names only; allow others by name",
            )
        origin = _one(headers, b"origin")
        if self._allows(origin):
            return
        if origin is not None and not same_origin(origin, _one(headers, b"host")):
            raise BadRequest(
                403, "origin_not_allowed", "web pages of this origin may not call this port"
            )
        if _one(headers, b"sec-fetch-site") in (b"cross-site", b"same-site"):
            raise BadRequest(
                403, "origin_not_allowed", "web pages of other sites may not call this port"
            )

    def caller(self, headers: Headers) -> str:
        """The name of the client key that is shown, ``""`` where the profile has no keys.

        :raises BadRequest: 401.
        """
        if not self._auth.keys:
            return ""
        shown = False
        for candidate in _candidates(headers, self._auth.places):
            shown = True
            name = self._keys.name_of(candidate)
            if name is not None:
                return name
        places = ", ".join(self._auth.places)
        if shown:
            raise BadRequest(
                401,
                "proxy_key_invalid",
                f"openaiproxy: the client key is not valid (read from: {places})",
            )
        raise BadRequest(
            401,
            "proxy_key_missing",
            f"openaiproxy: a client key of this proxy is needed, in: {places}",
        )

    def name_of(self, candidates: Iterable[bytes]) -> str | None:
        """The name of the client key that one of these is; ``None`` if none is, or if there are no keys."""
        return next(filter(None, map(self._keys.name_of, candidates)), None)

    def in_headers(self, headers: Headers) -> Iterator[bytes]:
        """What stands where keys may stand in headers."""
        return _candidates(headers, self._auth.places)

    def cors_headers(self, headers: Headers) -> list[tuple[bytes, bytes]]:
        """What lets a page of an allowed origin read the answer; empty for all others."""
        if self._cors and "*" in self._origins:
            return list(self._cors)
        origin = _one(headers, b"origin")
        if origin is None or not self._allows(origin):
            return []
        return [
            (b"Access-Control-Allow-Origin", origin),
            (b"Access-Control-Expose-Headers", _EXPOSED),
            (b"Vary", b"Origin"),
        ]

    @property
    def preflight_status(self) -> int:
        """The status of the answer to ``OPTIONS``: 204, where a profile's contract has no other."""
        return 200 if self._cors else 204

    def preflight_headers(self, headers: Headers, methods: str) -> list[tuple[bytes, bytes]]:
        """The answer to ``OPTIONS``: what is offered, and for an allowed origin what it asked for."""
        answer = [(b"Allow", methods.encode("ascii"))]
        cors = self.cors_headers(headers)
        if not cors:
            return answer
        method = _one(headers, b"access-control-request-method") or methods.encode("ascii")
        asked = headers.getRawHeaders(b"access-control-request-headers", [])
        answer += [each for each in cors if each[0] not in _ANSWERED]
        answer.append((_METHODS, first(cors, _METHODS.lower()) or method))
        allowed = [value for name, value in cors if name == _HEADERS]
        allowed += asked
        if allowed:
            answer.append((_HEADERS, b", ".join(allowed)))
        if _one(headers, b"access-control-request-private-network") == b"true":
            answer.append((b"Access-Control-Allow-Private-Network", b"true"))
        answer.append((b"Access-Control-Max-Age", _PREFLIGHT_SECONDS))
        return answer

    def _allows(self, origin: bytes | None) -> bool:
        if origin is None:
            return False
        return "*" in self._origins or origin.decode("latin-1").lower() in self._origins


class _Keys:
    """The client keys by keyed digest."""

    def __init__(self, keys: Iterable[ClientKey], salt: bytes) -> None:
        self._salt = salt
        self._by_digest = {self._digest(key.secret.encode()): key for key in keys}

    def name_of(self, candidate: bytes) -> str | None:
        """The name of the key that this is."""
        found = self._by_digest.get(self._digest(candidate))
        if found is not None and hmac.compare_digest(found.secret.encode(), candidate):
            return found.name
        return None

    def _digest(self, secret: bytes) -> bytes:
        return hashlib.blake2b(secret, key=self._salt, digest_size=32).digest()


def _candidates(headers: Headers, places: tuple[str, ...]) -> Iterator[bytes]:
    for place in (name.encode("ascii") for name in places):
        for value in headers.getRawHeaders(place, []):
            if place != b"authorization":
                yield value
                continue
            scheme, _, token = value.partition(b" ")
            if scheme.lower() == b"bearer" and token.strip():
                yield token.strip()


def is_loopback_name(host: str) -> bool:
    """Whether a host name, without its port, can only mean this machine.

    ``localhost`` and names under it never leave the machine in a browser; ``0.0.0.0`` is what some clients are told
    to call.
    """
    if host in ("localhost", "0.0.0.0", "::") or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(host: bytes) -> str:
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def same_origin(origin: bytes, host: bytes | None) -> bool:
    """Whether an ``Origin`` is the one that a ``Host`` names."""
    return host is not None and origin.lower() in (
        b"http://" + host.lower(),
        b"https://" + host.lower(),
    )


def _one(headers: Headers, name: bytes) -> bytes | None:
    values = headers.getRawHeaders(name)
    return values[0] if values else None
