"""Many open streams of live events: what they cost in memory, and what they take from hits, quiet and busy."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.crowd import fill
from benchmarks.load import put_under_load
from benchmarks.loopback import upstream
from benchmarks.report import Section, Target
from benchmarks.served import ROUNDS, TOKEN, Server, median, running_server, table, times, warm

STREAMS = 200
MAX_MEMORY_MB = 40
MAX_SHARE_PERCENT = 5
SHARE_SECONDS = 8.0
# How often a block is fetched anew while all streams are told of it.
RENEW_EVERY_SECONDS = 1.0


def run() -> Iterator[Section]:
    """The same hits of one server, with and without open streams in turns."""
    with tempfile.TemporaryDirectory() as folder, upstream(0) as url:
        fill(Path(folder), url, artifacts=1, plugins=1, scheduled=0)
        with running_server(Path(folder)) as server:
            yield _compare(server, "quiet")
            with _renewing(server):
                yield _compare(server, "while a block is renewed every second")


def _compare(server: Server, how: str) -> Section:
    ask = warm(server)
    put_under_load(ask)
    alone, beside = [], []
    before = server.resident_mb()
    for _ in range(ROUNDS):
        alone.append(put_under_load(ask))
        with _streams(server):
            beside.append(put_under_load(ask))
    with _streams(server):
        share, resident = _share(server), server.resident_mb() - before
    rates = {"no stream": median(alone), f"{STREAMS} streams": median(beside)}
    return Section(
        f"Cached render beside {STREAMS} open streams, {how}",
        table(rates),
        [
            Target("to no stream", times(median(beside), median(alone)), 0.95, at_least=True),
            Target("processor time without a request", share, MAX_SHARE_PERCENT, "% of a core"),
            Target("resident memory of the streams", resident, MAX_MEMORY_MB, "MB"),
        ],
    )


def _share(server: Server) -> float:
    """The processor time that the server takes without a request of ours, in percent of a core."""
    used, started = server.processor_seconds(), time.perf_counter()
    time.sleep(SHARE_SECONDS)
    return (server.processor_seconds() - used) / (time.perf_counter() - started) * 100


@contextmanager
def _streams(server: Server) -> Iterator[None]:
    """Open streams, read by one thread, as by so many pages."""
    parts = urllib.parse.urlsplit(server.origin)
    opened = []
    for _ in range(STREAMS):
        stream = socket.create_connection((parts.hostname, parts.port))
        lines = ("GET /api/v1/events HTTP/1.1", f"Host: {parts.netloc}", f"Authorization: Bearer {TOKEN}")
        stream.sendall("\r\n".join([*lines, "", ""]).encode())
        assert stream.recv(4096).startswith(b"HTTP/1.1 200")
        opened.append(stream)
    ended = threading.Event()

    def read() -> None:
        while not ended.wait(0.2):
            for stream in opened:
                stream.setblocking(False)
                try:
                    stream.recv(1 << 16)
                except BlockingIOError:
                    continue

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        ended.set()
        reader.join()
        for stream in opened:
            stream.close()


@contextmanager
def _renewing(server: Server) -> Iterator[None]:
    """Fetches another block than that of the hits again and again until the block ends."""
    ended = threading.Event()
    ask = server.render(json.dumps({"block_type": "item", "parameters": {"n": 1}, "use_cache": False}))

    def renew() -> None:
        while not ended.wait(RENEW_EVERY_SECONDS):
            server.send(ask)

    renewer = threading.Thread(target=renew)
    renewer.start()
    try:
        yield
    finally:
        ended.set()
        renewer.join()


def main() -> None:
    started = time.perf_counter()
    for section in run():
        print(f"{section.title}\n{section.text()}\n", flush=True)
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
