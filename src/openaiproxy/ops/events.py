"""What happens beside the requests' own lines: one event each, under a name that programs can look for.

=========================  ===============================================================================
``proxy.server.started``   the ports are open: ``version``, ``ports``
``proxy.server.stopping``  no new requests are taken: ``running``
``proxy.server.stopped``   nothing is left
``proxy.request.retry``    the upstream is asked again: ``id``, ``profile``, ``number``, ``why``, ``wait``
``proxy.request.cancelled``  a request ended early, by its caller or by a stop: ``id``, ``profile``,
                           ``client``, ``route``, ``reason``, ``duration``, ``bytes_out``
``proxy.request.overload`` one was turned away, as too many run: ``id``, ``profile``, ``client``, ``route``
``proxy.login.refresh``    a login's tokens were to be renewed: ``profile``, ``ok``
=========================  ===============================================================================

The end of a request is an event, too, ``proxy.request.complete``: see :mod:`openaiproxy.ops.access`.

Values are numbers, truths, and words without spaces; what somebody else chose is redacted and escaped. In text an
event is ``proxy.request.retry id=3f2a profile=simple number=1 why=503 wait=0.5``.
"""

from attrs import define, field
from twisted.logger import Logger, LogLevel

from openaiproxy.ops.access import Exchanged
from openaiproxy.ops.escaping import foreign_word

__all__ = ["NAMESPACE", "Events", "Value"]

NAMESPACE = "openaiproxy.events"
Value = str | int | float | bool | None

_CANCELLED = frozenset(("client-gone", "drained"))


@define(eq=False)
class Events:
    """Where they are told.

    :param log: of the namespace :data:`NAMESPACE`.
    """

    _log: Logger = field(factory=lambda: Logger(namespace=NAMESPACE))

    def tell(self, event: str, **fields: Value) -> None:
        """Tell of an event.

        :param event: its name.
        :param fields: what there is to say of it. Log observers see them as ``fields``.
        """
        self._emit(
            event, {name: _shown(value) for name, value in fields.items() if value is not None}
        )

    def _emit(self, event: str, said: dict[str, Value]) -> None:
        line = " ".join((event, *(f"{name}={_text(value)}" for name, value in said.items())))
        self._log.emit(LogLevel.info, "{line}", line=line, event=event, fields=said)

    def note(self, said: Exchanged) -> None:
        """Tell of a request that has ended, if there is more to it than its line."""
        if said.ending in _CANCELLED:
            more = {"duration": round(said.duration, 6), "bytes_out": said.bytes_out}
            self._emit("proxy.request.cancelled", {**_of(said), "reason": said.ending, **more})
        elif said.code == "proxy_overloaded":
            self._emit("proxy.request.overload", _of(said))


def _of(said: Exchanged) -> dict[str, Value]:
    """Its words are fit for a line already."""
    return {"id": said.id, "profile": said.profile, "client": said.client, "route": said.route}


def _shown(value: Value) -> Value:
    if isinstance(value, float):
        return round(value, 6)
    return foreign_word(value) if isinstance(value, str) else value


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value == "" else str(value)
