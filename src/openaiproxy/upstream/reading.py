"""Which parser reads an answer: llhttp where it is installed and wanted, ours in Python otherwise.

Both read the same grammar with the same strictness, but for the differences that
:mod:`~openaiproxy.upstream.llhttp` lists.
"""

from collections.abc import Callable
from typing import Protocol

from openaiproxy.errors import Misconfigured
from openaiproxy.upstream.bodies import BodyReader, body_reader
from openaiproxy.upstream.heads import Head, HeadReader

__all__ = ["PlainReader", "Reading", "reading"]


class Reading(Protocol):
    """Reads one answer."""

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """Take bytes until the head is there.

        :return: the head and the bytes after it; ``None`` while it is incomplete.
        :raises InvalidAnswer: when it is malformed or too long.
        """

    def body(self, head: Head, method: bytes) -> BodyReader | None:
        """Choose how the body is read, once the head is there.

        :param method: of the request.
        :return: ``None`` where no body follows.
        :raises InvalidAnswer: where the head leaves a choice.
        """


class PlainReader:
    """One answer, read in Python."""

    __slots__ = ("_heads",)

    def __init__(self) -> None:
        self._heads = HeadReader()

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """As :meth:`Reading.feed`."""
        return self._heads.feed(data)

    def body(self, head: Head, method: bytes) -> BodyReader | None:
        """As :meth:`Reading.body`."""
        return body_reader(head, method)


def reading(wire: str) -> Callable[[], Reading]:
    """What makes a reader for each answer.

    :param wire: ``ours`` is llhttp, ``twisted`` needs nothing but what Twisted needs.
    :raises Misconfigured: when the package that it needs isn't there.
    """
    if wire == "twisted":
        return PlainReader
    try:
        from openaiproxy.upstream.llhttp import LlhttpReader
    except ImportError:
        raise Misconfigured("wire ours: the package httptools is not installed") from None
    return LlhttpReader
