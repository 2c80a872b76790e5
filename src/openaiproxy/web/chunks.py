"""Chunked bodies as this proxy reads them: Twisted's own reader, with what it lets pass refused.

It also refuses sizes that overflow in other readers and trailers that are no fields, and refuses a bare LF at once,
where Twisted's waits for its CR. Extensions and trailers are read past: they concern one hop.
"""

import re
from collections.abc import Callable

from twisted.web.http import _ChunkedTransferDecoder, _MalformedChunkedDataError

__all__ = ["Chunks"]

_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\Z")
_TRAILER_BYTES = 8192
_CHUNK_LIMIT = 1 << 63


class Chunks(_ChunkedTransferDecoder):
    """One request's chunked body.

    :param feed: takes each piece of the body.
    :param end: takes what followed the body, once it is whole.
    """

    def __init__(self, feed: Callable[[bytes], None], end: Callable[[bytes], None]) -> None:
        super().__init__(feed, end)
        self._maxTrailerHeadersSize = _TRAILER_BYTES

    def _dataReceived_CHUNK_LENGTH(self) -> bool:
        complete = super()._dataReceived_CHUNK_LENGTH()
        if self.length >= _CHUNK_LIMIT if complete else b"\n" in self._buffer:
            raise _MalformedChunkedDataError("no chunk size")
        return complete

    def _dataReceived_TRAILER(self) -> bool:
        complete = super()._dataReceived_TRAILER()
        if not _TRAILER.match(self._trailerHeaders[-1]) if complete else b"\n" in self._buffer:
            raise _MalformedChunkedDataError("no trailer")
        return complete
