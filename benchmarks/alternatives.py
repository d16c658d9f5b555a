"""Alternatives to a cached render, each with its own server.

A bare Flask view on the same server is the minimum cost of a view; the proxy is what one writes in an afternoon; nginx
shows what the machine can do.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from requests_cache import CachedSession

from benchmarks.loopback import running
from examples.server_process import free_port
from settings import load_settings
from web.server.serve import bind
from web.server.server import make_server

START_SECONDS = 10.0


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
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        config = Path(folder) / "nginx.conf"
        # As root, its workers would run as another user, who may not write here.
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(NGINX % {"user": user, "folder": folder, "port": port, "upstream": upstream})
        process = subprocess.Popen([program, "-p", folder, "-c", str(config), "-e", f"{folder}/error.log"])
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}/item"
        finally:
            process.terminate()
            process.wait(START_SECONDS)


NGINX = """
%(user)s
daemon off;
worker_processes 2;
pid %(folder)s/pid;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path %(folder)s/body;
    proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
    keepalive_requests 100000000;
    proxy_cache_path %(folder)s/cache keys_zone=kept:10m;
    server {
        listen 127.0.0.1:%(port)s backlog=1024;
        location / {
            proxy_pass %(upstream)s;
            proxy_cache kept;
            proxy_cache_valid 200 1h;
        }
    }
}
"""


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("nginx did not start")


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
