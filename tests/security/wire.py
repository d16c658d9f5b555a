"""Raw HTTP over a socket, for what no client library would send."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class WireAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        return json.loads(self.body)


def exchange(port: int, *lines: str | bytes, body: bytes = b"") -> WireAnswer:
    """The answer to a request sent line by line as given, with nothing added but the end of the headers."""
    head = b"\r\n".join(line.encode("latin-1") if isinstance(line, str) else line for line in lines)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
        received = connection.makefile("rb").read()
    head, _, rest = received.partition(b"\r\n\r\n")
    status_line, *header_lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in header_lines)
    return WireAnswer(int(status_line.split()[1]), headers, rest)
