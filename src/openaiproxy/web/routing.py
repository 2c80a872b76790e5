"""Which of a profile's routes a request takes, and the target that goes upstream."""

from collections.abc import Sequence

from attrs import field, frozen

from openaiproxy.errors import BadRequest
from openaiproxy.profile import Route
from openaiproxy.wire.target import Target, parse_target

__all__ = ["Routing"]

# TRACE would show the caller what was sent with it, a server-side key included (RFC 9110, 9.3.8).
_NEVER = ("CONNECT", "TRACE")
_MOST_KNOWN = 64


@frozen
class Routing:
    """A profile's routes, the first that fits is taken.

    A port is asked for few paths, over and over: the first ones that it offers are remembered, as far as there is
    room. Queries are not, since they may hold anything.
    """

    _routes: Sequence[Route]
    _known: dict[tuple[str, str], bytes] = field(factory=dict, init=False, repr=False, eq=False)

    def upstream_target(self, method: str, target: Target) -> bytes:
        """The target to send upstream. The query, a bare question mark included, stays as sent.

        :raises BadRequest: 404 ``path_not_offered``; 405 ``method_not_allowed``; 400
            ``bad_target``, where what is left of a path would be refused if it had been sent.
        """
        asked = (method, target.path)
        if target.query is None and asked in self._known:
            return self._known[asked]
        route = self._find(target.path)
        if route is None:
            raise BadRequest(404, "path_not_offered", "this port does not offer that path")
        if method in _NEVER or (route.methods is not None and method not in route.methods):
            allow = (b"Allow", self.methods(target.path).encode("ascii"))
            raise BadRequest(
                405,
                "method_not_allowed",
                "this port does not offer that method here",
                headers=(allow,),
            )
        sent = _sent(route, target)
        if target.query is None and len(self._known) < _MOST_KNOWN:
            self._known[asked] = sent
        return sent

    def methods(self, path: str) -> str:
        """The methods offered on a path, for ``Allow``."""
        route = self._find(path)
        methods = (
            {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
            if route is None or route.methods is None
            else route.methods
        )
        return ", ".join(sorted({*methods, "OPTIONS"}))

    def _find(self, path: str) -> Route | None:
        bare = _bare(path)
        fits = (route for route in self._routes if _fits(route, bare if route.tidy else path))
        return next(fits, None)


def _fits(route: Route, path: str) -> bool:
    if not path.startswith(route.path):
        return False
    if len(path) == len(route.path):
        return True
    return route.subtree and (route.path == "/" or path[len(route.path)] == "/")


def _bare(path: str) -> str:
    """The path without a slash at its end, but for the root."""
    return path.removesuffix("/") or "/"


def _sent(route: Route, target: Target) -> bytes:
    rest = target.path
    if route.off:
        rest = rest.removeprefix(route.path.removesuffix("/"))
    path = route.onto + rest or "/"
    sent = Target(_bare(path) if route.tidy else path, target.query).render()
    if route.off:
        # It was checked as a whole; a slash that stood within it may now be at its beginning.
        parse_target(sent)
    return sent
