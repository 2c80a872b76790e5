"""What went wrong upstream, in one of our words, as far as a request's line tells."""

from collections.abc import Mapping

from openaiproxy.hub.events import FaultKind
from openaiproxy.ops.access import Exchanged
from openaiproxy.ops.labels import status_class

__all__ = ["upstream_kind"]

#: A bad status's kind, where nobody read the body.
_BY_STATUS: Mapping[int, str] = {
    **{kind.status: kind.value[1] for kind in reversed(FaultKind)},
    502: FaultKind.SERVER.value[1],
}


def upstream_kind(said: Exchanged) -> str | None:
    """What went wrong upstream, in one of our words; ``None`` if nothing did, or it was no fault of the upstream's.

    :returns: the code of our own error where there was no answer, the fault's kind where one was read, and else what
        its status says.
    """
    if said.ending == "client-gone":
        return None
    if said.code is not None and said.ending != "refused":
        return said.code
    if said.fault is not None:
        return said.fault
    if said.ending == "upstream-cut":
        return "truncated"
    if said.ending.startswith("timeout-") and said.ending != "timeout-client-write":
        return said.ending
    status = said.upstream_status
    if status is None or status < 400:
        return None
    return _BY_STATUS.get(status) or status_class(status)
