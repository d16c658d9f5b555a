"""An answer read by http.client within limits, and refused if its length is ambiguous (RFC 9112 section 6)."""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPMessage, HTTPResponse, IncompleteRead

from errors import UpstreamInvalid
from integrations.egress.checked_lines import Arrivals, CheckedLines
from integrations.egress.codings import PIECE_BYTES, decoders_of, truncated
from integrations.egress.messages import Headers

_LENGTH = re.compile(r"[0-9]{1,18}")
_WITHOUT_CONTENT = frozenset({204, 205, 304})
_FOLD = re.compile(r"\r?\n[ \t]+")


class CheckedResponse(HTTPResponse):
    """http.client's response over checked lines. It skips interim (1xx) answers up to the final one."""

    def __init__(self, sock: socket.socket, method: str, count: Callable[[int], None]) -> None:
        super().__init__(sock, method=method)
        self.lines = self.fp = CheckedLines(Arrivals(self.fp.detach(), count))
        self._has_content = method != "HEAD"

    def close(self) -> None:
        super().close()
        # A kept connection references its last answer; keep it small.
        self.headers = self.msg = HTTPMessage()

    def begin(self) -> None:
        super().begin()
        # http.client skips 100 only. Any other interim answer (RFC 9110 section 15.2) taken for the final one would
        # leave the final one on the connection, as the answer to the next request.
        while self.status < 200:
            # begin() does nothing if headers are set.
            self.headers = None  # pyright: ignore[reportAttributeAccessIssue]
            super().begin()

    def read_headers(self) -> Headers:
        """The headers in order, with folded lines joined."""
        return Headers(tuple((name, _unfolded(value)) for name, value in self.headers.items()))

    @property
    def is_here(self) -> bool:
        """Whether the whole body arrived with the head, so that reading it does not block."""
        return self.length is not None and self.length <= self.lines.unread_bytes

    def read_body(self, headers: Headers, max_bytes: int) -> bytes:
        """The body, complete and decoded from its content coding as the headers say.

        Raises UpstreamInvalid with reason "truncated", "too_large", "framing" or "coding". Memory is bounded
        by `max_bytes`, a few pieces and a decoder's window.
        """
        pieces = self._pieces(headers, max_bytes)
        for decode in decoders_of(headers.get("Content-Encoding")):
            # Limit each layer: one layer that unpacks to terabytes of padding would keep the next one busy for hours.
            pieces = _capped(decode(pieces), max_bytes)
        # join() would hold the body twice.
        body = io.BytesIO()
        body.writelines(pieces)
        return body.getvalue()

    def _pieces(self, headers: Headers, max_bytes: int) -> Iterator[bytes]:
        if not self._has_content or self.status in _WITHOUT_CONTENT:
            return iter(())
        self._check_extent(headers)
        if self.length is not None and self.length > max_bytes:
            raise _too_large(max_bytes)
        return _capped(self._read_pieces(), max_bytes)

    def _check_extent(self, headers: Headers) -> None:
        """Read the declared length, also if it is repeated; UpstreamInvalid if the framing is ambiguous."""
        transfer, declared = headers.get("Transfer-Encoding"), headers.get("Content-Length")
        is_chunked = transfer is not None and transfer.lower() == "chunked"
        # If http.client reads a header differently from us, a proxy may do so too.
        if is_chunked != self.chunked or (transfer is not None and not is_chunked):
            raise UpstreamInvalid("The provider's answer has an unknown Transfer-Encoding.", reason="framing")
        if transfer is None and declared is not None:
            self.length = _length_of(declared)

    def _read_pieces(self) -> Iterator[bytes]:
        try:
            while piece := self.read1(PIECE_BYTES):
                yield piece
        except IncompleteRead:
            raise truncated() from None
        # http.client accepts the end of the connection as the end of any body.
        if self.length:
            raise truncated()


def _length_of(declared: str) -> int:
    lengths = {length.strip(" \t") for length in declared.split(",")}
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        raise UpstreamInvalid("The provider's answer has no clear length.", reason="framing")
    return int(length)


def _unfolded(value: str) -> str:
    return _FOLD.sub(" ", value).strip(" \t") if "\n" in value else value


def _capped(pieces: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    size_bytes = 0
    for piece in pieces:
        size_bytes += len(piece)
        if size_bytes > max_bytes:
            raise _too_large(max_bytes)
        yield piece


def _too_large(max_bytes: int) -> UpstreamInvalid:
    return UpstreamInvalid(
        f"The provider's answer is larger than the {max_bytes} bytes allowed.", reason="too_large"
    )
