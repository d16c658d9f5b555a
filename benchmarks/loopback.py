"""A provider on loopback in its own process, and servers that call it, with as little overhead as Python allows."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

BODY_BYTES = 2048
START_SECONDS = 30


@contextmanager
def running(*command: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A module of this package as a process, and the first line that it prints. It ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(START_SECONDS)


@contextmanager
def upstream(delay_ms: float, body_bytes: int = BODY_BYTES) -> Iterator[str]:
    """The origin of a provider that answers JSON of that size after `delay_ms`, whatever the request."""
    with running("benchmarks.loopback", delay_ms, body_bytes) as (_, port):
        yield f"http://127.0.0.1:{port}"


async def _answer_all(delay_seconds: float, body_bytes: int) -> None:
    body = b'{"data": "' + b"x" * (body_bytes - 12) + b'"}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                if delay_seconds:
                    await asyncio.sleep(delay_seconds)
                writer.write(head + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def manifest(url: str, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """A plugin's manifest whose one endpoint requests `n` from the provider."""
    endpoint = {"id": "item", "path": "/item", "parameters": [{"name": "n", "type": "integer", "default": 0}]}
    return {
        "integration": {"base_url": url, "auth_method": "none"},
        "endpoints": [endpoint],
        "blocks": blocks,
    }


def declaration(plugin_id: str, manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": plugin_id,
        "name": plugin_id,
        "version": "1.0.0",
        "type": "integration",
        "manifest": manifest,
    }


if __name__ == "__main__":
    asyncio.run(_answer_all(float(sys.argv[1]) / 1000, int(sys.argv[2])))
