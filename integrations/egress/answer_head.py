"""The head of an answer: status line and headers (RFC 9112 sections 4 and 5), read strictly and within limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from errors import UpstreamInvalid
from integrations.egress.codings import truncated
from integrations.egress.connection_reuse import HTTP_1_0, HTTP_1_1
from integrations.egress.messages import Headers

MAX_HEAD_BYTES = 131_072
MAX_LINE_BYTES = 65_536
MAX_LINES = 100

_EMPTY_LINES = (b"\r\n", b"\n")
_STATUS_LINE = re.compile(rb"HTTP/(0\.9|1\.[0-9])[ \t]+([1-9][0-9]{2})(?:[ \t][^\n]*|\r?)\n")
_HEADER = re.compile(r"^([!-9;-~]+):[ \t]*([^\r\n]*)\r?\n", re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]+")


class Lines(Protocol):
    """What a head is read from: a buffered reader over the socket."""

    def readline(self, limit: int, /) -> bytes: ...


@dataclass(slots=True)
class Head:
    """What an answer says before its body. `version` is 10 for HTTP/1.0 and what came before it, else 11."""

    status: int
    headers: Headers
    version: int


def read_head(source: Lines) -> Head:
    """The head of the final answer; interim answers before it are passed over.

    Raises ConnectionResetError when all ends before a status line, UpstreamInvalid with reason "truncated",
    "not_http", "upgrade" or "headers".
    """
    left_bytes = MAX_HEAD_BYTES
    while True:
        status_line = _read_line(source)
        if not status_line:
            raise ConnectionResetError
        version, status = _read_status(status_line)
        left_bytes -= len(status_line)
        lines = _read_header_lines(source, left_bytes)
        left_bytes -= sum(map(len, lines))
        if left_bytes < 0:
            raise _too_large()
        # Not 100 alone is passed over: any other interim answer (RFC 9110 section 15.2) taken for the final one
        # would leave the final one on the connection, as the answer to the next request.
        if status >= 200:
            break
        if status == 101:
            # We never ask for an upgrade, and what follows is no HTTP (RFC 9110 section 15.2.2).
            raise UpstreamInvalid("The provider switches to another protocol.", reason="upgrade")
    return Head(status, _read_headers(b"".join(lines).decode("latin-1")), version)


def _read_line(source: Lines) -> bytes:
    line = source.readline(MAX_LINE_BYTES + 1)
    if len(line) > MAX_LINE_BYTES:
        raise _too_large()
    return line


def _read_status(line: bytes) -> tuple[int, int]:
    """The answer's version, and its status code."""
    if not line.endswith(b"\n"):
        raise truncated()
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise UpstreamInvalid("The provider's answer is not HTTP.", reason="not_http")
    return HTTP_1_0 if match[1] in (b"0.9", b"1.0") else HTTP_1_1, int(match[2])


def _read_header_lines(source: Lines, left_bytes: int) -> list[bytes]:
    """The lines of a head after the first, as they came, without the empty one that ends it."""
    lines: list[bytes] = []
    while (line := _read_line(source)) not in _EMPTY_LINES:
        lines.append(line)
        left_bytes -= len(line)
        if left_bytes < 0 or len(lines) == MAX_LINES:
            raise _too_large()
        if not line.endswith(b"\n"):
            raise truncated()
    return lines


def _read_headers(text: str) -> Headers:
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    headers = _HEADER.findall(text)
    if len(headers) != text.count("\n"):
        raise UpstreamInvalid("The provider's headers cannot be read.", reason="headers")
    return Headers(tuple(headers))


def _too_large() -> UpstreamInvalid:
    return UpstreamInvalid("The provider's answer has too many or too large headers.", reason="headers")
