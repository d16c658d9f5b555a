"""Load over keep-alive connections to one URL: wrk if it is installed, else our own loader.

Our own loader is written in Python, so its result for a fast server is a lower bound.
"""

from __future__ import annotations

import json
import math
import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS = 32
SECONDS = 3.0
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """A result: answers per second, the 99th percentile of the latency, and the number of failed answers."""

    per_second: float
    p99_ms: float
    failed: int


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, sent repeatedly.

    With `numbers`, `%d` in its body counts from `first` through so many numbers, and then again.
    """

    url: str
    method: str = "POST"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    numbers: int = 0
    first: int = 0


def put_under_load(ask: Ask, seconds: float = SECONDS, connections: int = CONNECTIONS) -> Rate:
    """The rate at which the server answers."""
    if shutil.which("wrk"):
        return _by_wrk(ask, seconds, connections)
    return _by_sockets(ask, seconds, connections)


def loader_name() -> str:
    return "wrk" if shutil.which("wrk") else "a loader in Python"


def _by_wrk(ask: Ask, seconds: float, connections: int) -> Rate:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "ask.lua"
        script.write_text(_script(ask), "utf-8")
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{math.ceil(seconds)}s",
            "--latency",
            "-s",
            str(script),
            ask.url,
        ]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    per_second = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert p99 and per_second, told
    other = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    failed = int(other[1]) if other else 0
    return Rate(float(per_second[1]), float(p99[1]) * UNITS_MS[p99[2]], failed)


def _script(ask: Ask) -> str:
    headers = "".join(
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n" for name, value in ask.headers.items()
    )
    head = f"wrk.method = {json.dumps(ask.method)}\nwrk.body = {json.dumps(ask.body)}\n{headers}"
    if not ask.numbers:
        return head
    return head + (
        "local number = 0\n"
        "function request()\n"
        f"  number = (number + 1) % {ask.numbers}\n"
        f"  return wrk.format(nil, nil, nil, string.format(wrk.body, {ask.first} + number))\n"
        "end\n"
    )


def _by_sockets(ask: Ask, seconds: float, connections: int) -> Rate:
    parts, number = urlsplit(ask.url), 0
    selector = selectors.DefaultSelector()
    waits: list[float] = []
    failed = 0

    def request() -> bytes:
        nonlocal number
        number = (number + 1) % max(1, ask.numbers)
        body = (ask.body % (ask.first + number) if ask.numbers else ask.body).encode()
        lines = [
            f"{ask.method} {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1",
            f"Host: {parts.netloc}",
        ]
        lines += [f"{name}: {value}" for name, value in ask.headers.items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    started: dict[socket.socket, float] = {}
    received: dict[socket.socket, bytes] = {}

    def send(connection: socket.socket) -> None:
        started[connection], received[connection] = time.perf_counter(), b""
        connection.sendall(request())

    for _ in range(connections):
        connection = socket.create_connection((parts.hostname, parts.port))
        selector.register(connection, selectors.EVENT_READ)
        send(connection)
    ends_at = time.perf_counter() + seconds
    while (now := time.perf_counter()) < ends_at:
        for key, _ in selector.select(ends_at - now):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            received[connection] += connection.recv(1 << 20)
            if _is_whole(received[connection]):
                waits.append(time.perf_counter() - started[connection])
                failed += received[connection][9:10] not in b"23"
                send(connection)
    for connection in started:
        connection.close()
    waits.sort()
    return Rate(len(waits) / seconds, waits[int(len(waits) * 0.99)] * 1000 if waits else 0.0, failed)


def _is_whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(end) and length is not None and len(body) >= int(length[1])
