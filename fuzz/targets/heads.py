"""An answer's bytes are read as a head and a body, or refused as a failure of the provider."""

from __future__ import annotations

import socket

from errors import UpstreamFailed
from integrations.egress.checked_response import CheckedResponse

MAX_BODY_BYTES = 100_000
# More would fill the socket's buffer, and the one thread waits for itself.
MAX_INPUT_BYTES = 60_000

SEEDS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nContent-Encoding: gzip, br\r\n\r\n\x1f\x8b\x08\0",
    b"HTTP/1.1 200 OK\nA: b\n c\nContent-Length: 1, 1\n\nx",
    b'HTTP/1.1 304 \r\nETag: "x"\r\nCache-Control: max-age=1\r\n\r\n',
]


def check(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data[:MAX_INPUT_BYTES])
        theirs.shutdown(socket.SHUT_WR)
        read_bytes = 0

        def count(size: int) -> None:
            nonlocal read_bytes
            read_bytes += size

        response = CheckedResponse(ours, "GET", count)
        try:
            response.begin()
            headers = response.read_headers()
            assert 200 <= response.status <= 999
            assert not any(set("\r\n") & set(name + value) for name, value in headers)
            body = response.read_body(headers, MAX_BODY_BYTES)
            assert len(body) <= MAX_BODY_BYTES
            assert read_bytes <= len(data)
        except (UpstreamFailed, ConnectionError):
            # The connection that ends before a status line is told by the caller.
            return
        finally:
            response.close()
