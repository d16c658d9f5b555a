"""The provider that the soak calls: quick, failing or hanging by path. It repeats the key that it gets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

FAILURES: list[tuple[int, dict[str, str], bytes]] = [
    (500, {}, b"{}"),
    (429, {"Retry-After": "1"}, b"{}"),
    (200, {"Content-Type": "application/json"}, b'{"cut'),
    (200, {"Content-Type": "application/json", "Content-Length": "1000"}, b"{}"),
    (302, {"Location": "/fail"}, b""),
]


class Provider:
    """What reached it: the key that each `n` came with last."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.is_over = threading.Event()
        self.url = ""

    def answer(self, path: str, key: str, number: int) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.keys[f"{parts.path} {asked.get('n')}"] = key
        if parts.path == "/fail":
            return FAILURES[number % len(FAILURES)]
        if parts.path == "/hang":
            # Calls that are still held in the end get no data either.
            self.is_over.wait()
            return FAILURES[0]
        body = json.dumps({"number": number, "asked": asked, "key": key, "text": "x" * 2000}).encode()
        return 200, {"Content-Type": "application/json"}, body


@contextmanager
def running_provider(provider: Provider) -> Iterator[None]:
    """Runs it on loopback and tells it its URL. What hangs then is answered at the end of the block."""
    numbers = count()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            key = self.headers.get("X-Key", "")
            status, headers, body = provider.answer(self.path, key, next(numbers))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = headers.get("Content-Length") is not None

        def log_message(self, format: str, *args: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A killed server leaves broken connections."""

    with Server(("127.0.0.1", 0), Handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            provider.is_over.set()
            server.shutdown()


def manifest(url: str, path: str) -> dict[str, Any]:
    """A manifest whose one block asks for `n` with the secret, and is fresh for two seconds, or an hour on /hot."""
    return {
        "integration": {"base_url": url, "auth": {"type": "api_key", "in": "header", "name": "X-Key"}},
        "properties": [{"name": "api_key", "secure": True, "required": True}, {"name": "note"}],
        "endpoints": [
            {
                "id": "item",
                "path": path,
                "cache_ttl": 3600 if path == "/hot" else 2,
                "parameters": [{"name": "n", "type": "integer", "default": 0}],
            }
        ],
        "blocks": [{"id": "item", "endpoint": "item"}],
    }
