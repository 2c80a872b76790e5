"""Request targets: what a request line asks for, kept exactly as it was sent.

Only origin-form (``/path?query``) is served, and ``*`` of ``OPTIONS *``. A target is refused rather than repaired:
whatever passes here goes upstream byte for byte, so what a profile's routes are compared with is what is sent.

The traversal rule looks further than one decoding, since nobody knows how often the upstream decodes: a
segment that is ``.`` or ``..`` after any number of decodings, with ``\\`` counted as ``/`` and what may follow a
name (``..;x``, ``..%3Fx``) cut off, is refused, and so are NUL, other control characters, overlong UTF-8 and
broken escapes.
"""

import re
from functools import lru_cache

from attrs import frozen

from openaiproxy.errors import BadRequest

__all__ = ["Target", "parse_target"]

# RFC 3986 pchar, "/", "?" and "%": all else must be percent-encoded in a request target.
_LEGAL = re.compile(
    rb"/[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*(\?[A-Za-z0-9\-._~!$&'()*+,;=:@/?%\[\]|^{}\"`\\<>]*)?\Z"
)
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
# The plain paths of nearly every request: nothing in them to look at twice.
_PLAIN = re.compile(rb"(/[A-Za-z0-9\-_~:@!$,=+]+(\.[A-Za-z0-9\-_~]+)*)+/?\Z")
_DECODINGS = 8
_OVERLONG = re.compile(rb"[\xc0\xc1]|\xe0[\x80-\x9f]|\xf0[\x80-\x8f]|[\xf8-\xfd][\x80-\xbf]")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
# Once decoded, "?" and "#" may end a path as "/" does, and some servers drop the spaces behind a name.
_DOT_SEGMENT = re.compile(rb"(?:^|[/\\])\.{1,2} *(?=[/\\;?#]|\Z)")


@frozen
class Target:
    """A request target that passed.

    :param path: as sent, percent-encoding included, beginning with one slash.
    :param query: as sent, without its question mark; ``None`` where there was none, ``""`` for a bare one.
    """

    path: str
    query: str | None = None

    def render(self) -> bytes:
        """The target's bytes, as they were read."""
        text = self.path if self.query is None else f"{self.path}?{self.query}"
        return text.encode("ascii")


@lru_cache(maxsize=256)
def parse_target(raw: bytes) -> Target:
    """Read a request line's target.

    A caller asks for few targets, over and over: the last ones that passed are remembered.

    :raises BadRequest: 400 ``bad_target``; the message doesn't repeat the target.
    """
    if not _LEGAL.match(raw):
        raise _refused(
            "the request target must be a path, with an optional query, in legal characters"
        )
    path, mark, query = raw.partition(b"?")
    if not _PLAIN.match(path):
        _check_path(path)
    if query and _BROKEN_ESCAPE.search(query):
        raise _refused("the query has a broken percent-escape")
    return Target(path.decode("ascii"), query.decode("ascii") if mark else None)


def _check_path(path: bytes) -> None:
    if path.startswith(b"//"):
        raise _refused("the path must not begin with two slashes")
    if _BROKEN_ESCAPE.search(path):
        raise _refused("the path has a broken percent-escape")
    for _ in range(_DECODINGS):
        # From the second decoding on a broken escape is left as it is, as lenient decoders do: a later one may
        # complete it ("%2%65" is "%2e", and then a dot).
        decoded = _ESCAPE.sub(lambda escape: bytes((int(escape[1], 16),)), path)
        _check_decoded(decoded)
        if decoded == path:
            return
        path = decoded
    raise _refused("the path is percent-encoded too many times")


def _check_decoded(path: bytes) -> None:
    if _CONTROL.search(path) or _OVERLONG.search(path):
        raise _refused("the path must not hold control characters or overlong UTF-8")
    if _DOT_SEGMENT.search(path):
        raise _refused("the path must not hold dot segments")


def _refused(message: str) -> BadRequest:
    return BadRequest(400, "bad_target", message)
