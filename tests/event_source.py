"""A client of text/event-stream over a bare socket, which parses as WHATWG HTML section 9.2.6 says."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.conftest import API, TOKEN

PATIENCE_SECONDS = 20


class ReceivedEvent(NamedTuple):
    """A dispatched event."""

    id: str
    kind: str
    data: Any


class EventSource:
    """One open stream. `head` is the status line and the headers; `last_event_id` as a browser would keep it."""

    def __init__(self, origin: str, query: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(origin)
        self.socket = socket.create_connection((parts.hostname, parts.port), PATIENCE_SECONDS)
        lines = [f"GET {API}/events{query} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._file = self.socket.makefile("rb")
        self.head = list(iter(lambda: self._file.readline().decode().strip(), ""))
        self.last_event_id = ""
        self.comments = 0
        self._events = self._parse()

    @property
    def status(self) -> int:
        return int(self.head[0].split()[1])

    def header(self, name: str) -> str | None:
        fields = (line.partition(":") for line in self.head[1:])
        return next((value.strip() for field, _, value in fields if field.lower() == name.lower()), None)

    def body(self) -> Any:
        """The JSON of a refusal."""
        return json.loads(self._file.read(int(self.header("Content-Length") or 0)))

    def next(self) -> ReceivedEvent:
        """The next event. Raises StopIteration at the end of the stream."""
        return next(self._events)

    def wait_for_heartbeat(self) -> None:
        """Returns after a heartbeat. No event may come before it."""
        before = self.comments
        for _ in self._lines():
            if self.comments > before:
                return
        raise AssertionError("the stream has ended")

    def read_to_end(self) -> list[ReceivedEvent]:
        return list(self._events)

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def _parse(self) -> Iterator[ReceivedEvent]:
        kind, data = "message", []
        for line in self._lines():
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                if data:
                    yield ReceivedEvent(self.last_event_id, kind, json.loads("\n".join(data)))
                kind, data = "message", []
            elif field == "event":
                kind = value
            elif field == "data":
                data.append(value)

    def _lines(self) -> Iterator[str]:
        # HTTP/1.1 sends chunks, each with its size in a line before it; HTTP/1.0 sends until it closes.
        if (self.header("Transfer-Encoding") or "") != "chunked":
            pieces: Iterator[bytes] = iter(self._file.readline, b"")
        else:
            pieces = iter(self._chunk, b"")
        rest = b""
        for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._note(line.decode())
                yield line.decode()

    def _note(self, line: str) -> None:
        if line.startswith("id:"):
            self.last_event_id = line[3:].strip()
        self.comments += line.startswith(":")

    def _chunk(self) -> bytes:
        size = int(self._file.readline() or b"0", 16)
        chunk = self._file.read(size)
        self._file.readline()
        return chunk


@contextmanager
def watching(
    origin: str,
    query: str = "",
    *,
    last_event_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[EventSource]:
    """An open stream of a program with the token, or of whoever sends these headers."""
    sent = dict(headers) if headers is not None else {"Authorization": f"Bearer {TOKEN}"}
    if last_event_id is not None:
        sent["Last-Event-ID"] = last_event_id
    source = EventSource(origin, query, sent)
    try:
        yield source
    finally:
        source.close()
