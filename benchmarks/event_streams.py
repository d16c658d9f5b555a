"""Many open streams of live events: what they cost in memory, and what they take from hits, quiet and busy."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.crowd import fill
from benchmarks.load import Rate
from benchmarks.loopback import upstream
from benchmarks.report import Section, Target
from benchmarks.served import TOKEN, Server, in_turns, running_server, table, times, warm

STREAMS = 200
MAX_MEMORY_MB = 40
MAX_SHARE_PERCENT = 5
SHARE_SECONDS = 8.0
# How often a block is fetched anew while all streams are told of it.
RENEW_EVERY_SECONDS = 1.0


def run() -> Iterator[Section]:
    """The same hits of two servers, one of which has streams open."""
    with (
        tempfile.TemporaryDirectory() as alone_folder,
        tempfile.TemporaryDirectory() as folder,
        upstream(0) as url,
    ):
        for each in (alone_folder, folder):
            fill(Path(each), url, artifacts=1, plugins=1, scheduled=0)
        with running_server(Path(alone_folder)) as alone, running_server(Path(folder)) as watched:
            asks = {"no stream": warm(alone), f"{STREAMS} streams": warm(watched)}
            in_turns(asks)
            before = watched.resident_mb()
            with _streams(watched):
                quiet, quiet_share = in_turns(asks), _share(watched)
                with _renewing(alone), _renewing(watched):
                    busy, busy_share = in_turns(asks), _share(watched)
                resident = watched.resident_mb() - before
    yield _section("quiet", quiet, quiet_share, resident)
    yield _section("while a block is renewed every second", busy, busy_share, resident)


def _share(server: Server) -> float:
    """The processor time that the server takes without a request of ours, in percent of a core."""
    used, started = server.processor_seconds(), time.perf_counter()
    time.sleep(SHARE_SECONDS)
    return (server.processor_seconds() - used) / (time.perf_counter() - started) * 100


def _section(how: str, rates: Mapping[str, Rate], share: float, resident: float) -> Section:
    few, many = rates.values()
    return Section(
        f"Cached render beside {STREAMS} open streams, {how}",
        table(rates),
        [
            Target("to no stream", times(many, few), 0.95, at_least=True),
            Target("processor time without a request", share, MAX_SHARE_PERCENT, "% of a core"),
            Target("resident memory of the streams", resident, MAX_MEMORY_MB, "MB"),
        ],
    )


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
