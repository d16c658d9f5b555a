"""Alternatives to a cached render, each with its own server.

A bare Flask view on the same server is the minimum cost of a view; the proxy is what one writes in an afternoon; nginx
shows what the machine can do.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from requests_cache import CachedSession

from benchmarks.loopback import running
from benchmarks.nginx import serving
from scripts.private_nginx import find_nginx
from settings import load_settings
from web.server.serve import bind
from web.server.server import make_server


@contextmanager
def bare_view(body: bytes) -> Iterator[str]:
    """The URL of a Flask view that returns these bytes."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        with running("benchmarks.alternatives", "bare", file.name) as (_, port):
            yield f"http://127.0.0.1:{port}/"


@contextmanager
def cached_proxy(upstream: str) -> Iterator[str]:
    """The URL of a Flask view over requests-cache."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running("benchmarks.alternatives", "proxy", upstream, folder) as (_, port),
    ):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def nginx(upstream: str) -> Iterator[str | None]:
    """The URL of nginx with `proxy_cache` and two workers; None if it is not installed."""
    if find_nginx() is None:
        yield None
        return
    site = f"location / {{ proxy_pass {upstream}; proxy_cache kept; proxy_cache_valid 200 1h; }}"
    with serving(site, "proxy_cache_path cache keys_zone=kept:10m;") as origin:
        yield f"{origin}/item"


def _bare(body: bytes) -> Flask:
    app = Flask("bare")

    @app.post("/")
    def answer() -> Response:
        request.get_data()
        return Response(body, mimetype="application/json")

    return app


def _proxy(upstream: str, folder: str) -> Flask:
    app = Flask("proxy")
    session: Any = CachedSession(f"{folder}/cache", backend="sqlite", expire_after=3600)

    @app.post("/")
    def answer() -> Response:
        asked = request.get_json()
        kept = session.get(f"{upstream}/item", params=asked["parameters"], timeout=10)
        return Response(kept.content, content_type=kept.headers["Content-Type"])

    return app


def main(what: str, *more: str) -> None:
    app = _bare(Path(more[0]).read_bytes()) if what == "bare" else _proxy(*more)
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            {"PATCHBAY_INSTANCE": folder, "PATCHBAY_PORT": "0", "PATCHBAY_TOKEN": "bench"}
        )
        listener = bind(settings)
        print(listener.getsockname()[1], flush=True)
        make_server(app, listener, settings).run_until_stopped()


if __name__ == "__main__":
    main(*sys.argv[1:])
