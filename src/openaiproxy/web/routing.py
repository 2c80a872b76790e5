"""Which of a profile's routes a request takes, and the target that goes upstream."""

from collections.abc import Sequence

from attrs import evolve, frozen

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
        return next((route for route in self._routes if _fits(route, path)), None)


def _fits(route: Route, path: str) -> bool:
    path = _tidied(route, path)
    if path == route.path or (route.path == "/" and route.subtree):
        return True
    return route.subtree and path.startswith(route.path + "/")


def _tidied(route: Route, path: str) -> str:
    """The path, without a slash at its end where the route takes that off; never empty."""
    return path.removesuffix("/") or "/" if route.tidy else path


def _sent(route: Route, target: Target) -> bytes:
    rest = target.path
    if route.off:
        rest = rest.removeprefix(route.path.removesuffix("/"))
    sent = evolve(target, path=_tidied(route, route.onto + rest or "/")).render()
    if route.off:
        # It was checked as a whole; a slash that stood within it may now be at its beginning.
        parse_target(sent)
    return sent
