"""Which of a profile's routes a request takes, and the target that goes upstream."""

from collections.abc import Sequence

from attrs import frozen

from openaiproxy.errors import BadRequest
from openaiproxy.profile import Route
from openaiproxy.wire.target import Target, parse_target

__all__ = ["Routing"]

# TRACE would show the caller what was sent with it, a server-side key included (RFC 9110, 9.3.8).
_NEVER = ("CONNECT", "TRACE")


@frozen
class Routing:
    """A profile's routes, the first that fits is taken."""

    _routes: Sequence[Route]

    def upstream_target(self, method: str, target: Target) -> bytes:
        """The target to send upstream. The query, a bare question mark included, stays as sent.

        :raises BadRequest: 404 ``path_not_offered``; 405 ``method_not_allowed``; 400
            ``bad_target``, where what is left of a path would be refused if it had been sent.
        """
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
        return _sent(route, target)

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
