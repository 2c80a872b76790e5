"""Reading ``auth.json`` while somebody else may be writing it.

Codex writes the file in place, so for a moment it is empty or half there. That moment is waited for; what stays broken
is a defect.
"""

from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from openaiproxy.upstream.login.disk import AuthFile
from openaiproxy.upstream.login.document import Document, HalfWritten, defect

__all__ = ["look", "look_anew"]

_PAUSES: Final = (0.02, 0.05, 0.1, 0.2, 0.4)


async def look(file: AuthFile, clock: IReactorTime) -> Document:
    """The document as it is, or as it last was while the file is half written.

    :raises Unavailable: 503 ``login_...``, when there is no login that can be used.
    """
    try:
        return file.look()
    except HalfWritten:
        return file.last or await look_anew(file, clock)


async def look_anew(file: AuthFile, clock: IReactorTime) -> Document:
    """The document as it is, and not as it was.

    :raises Unavailable: 503 ``login_...``, also when it stays half written for a second.
    """
    for pause in _PAUSES:
        try:
            return file.look()
        except HalfWritten:
            await deferLater(clock, pause)
    try:
        return file.look()
    except HalfWritten:
        raise defect("unreadable", "auth.json is no valid JSON.") from None
