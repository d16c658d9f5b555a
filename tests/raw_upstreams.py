"""Upstreams made of plain sockets: they say exactly the bytes they are told to, and keep those they got."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Self

Handler = Callable[["Peer"], None]


class Peer:
    """One accepted connection, as its handler sees it."""

    def __init__(self, sock: socket.socket, upstream: RawUpstream) -> None:
        self._sock = sock
        self._upstream = upstream
        self._buffer = b""

    def read_request(self) -> bytes | None:
        """The next request, head and body, as its bytes came; None when the client closed."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._receive():
                return None
        head, _, _ = self._buffer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\nContent-Length: *(\d+)", head)
        size = len(head) + 4 + (int(length[1]) if length else 0)
        while len(self._buffer) < size:
            if not self._receive():
                return None
        request, self._buffer = self._buffer[:size], self._buffer[size:]
        self._upstream.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def wait_until_closed(self) -> None:
        """Say nothing more until the client or the test is done."""
        while self._receive():
            pass

    def pause(self, seconds: float) -> bool:
        """Wait between two drops; False when the test is over."""
        return not self._upstream.is_over.wait(seconds)

    def reset(self) -> None:
        """Close with a RST instead of a FIN."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._sock.close()

    def _receive(self) -> bytes:
        data = self._sock.recv(65_536)
        self._buffer += data
        return data


class RawUpstream:
    """A listening socket with a thread per connection; `accepts` and `requests` say what reached it."""

    def __init__(
        self, handler: Handler, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self.accepts = 0
        self.requests: list[bytes] = []
        self.is_over = threading.Event()
        self._handler = handler
        self._tls = tls
        self._socks: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=128)
        self.host, self.port = host, self._listener.getsockname()[1]

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def url(self, target: str = "/") -> str:
        return f"{'https' if self._tls else 'http'}://{self.authority}{target}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *exc: object) -> None:
        self.is_over.set()
        for sock in (self._listener, *self._socks):
            # Shutting down wakes a thread that is blocked on the socket; closing alone does not.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for sock in (self._listener, *self._socks):
            sock.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.is_over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.accepts += 1
            self._socks.append(sock)
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._socks.append(sock)
            with sock:
                self._handler(Peer(sock, self))


def respond(
    body: bytes = b"ok", *, status: str = "200 OK", headers: tuple[str, ...] = (), length: bool = True
) -> bytes:
    """One whole HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answering(*answers: bytes) -> Handler:
    """A handler that keeps the connection and gives the answers in turn, the last one for ever."""

    def handle(peer: Peer) -> None:
        remaining = list(answers)
        while peer.read_request() is not None:
            peer.send(remaining.pop(0) if len(remaining) > 1 else remaining[0])

    return handle


def saying(data: bytes) -> Handler:
    """A handler that reads one request, says the bytes and closes."""

    def handle(peer: Peer) -> None:
        peer.read_request()
        peer.send(data)

    return handle


def redirecting(location: str, status: str = "302 Found") -> Handler:
    """A handler that sends every request elsewhere."""
    return answering(respond(b"", status=status, headers=(f"Location: {location}",)))


@contextlib.contextmanager
def canary() -> Iterator[RawUpstream]:
    """A server that nothing may reach, on 127.0.0.2 where the machine has it."""
    try:
        upstream = RawUpstream(answering(respond(b"canary")), host="127.0.0.2")
    except OSError:
        upstream = RawUpstream(answering(respond(b"canary")))
    with upstream:
        yield upstream
