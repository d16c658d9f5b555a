"""nginx as the figures need it: two workers, no log of requests, connections that are kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from examples.server_process import free_port
from scripts.private_nginx import find_nginx, running_nginx

WORKERS = 2
BALANCED_HOST = "patchbay"
"""The host name that requests behind a balancer name."""


@contextmanager
def serving(site: str, before: str = "") -> Iterator[str]:
    """The origin of a server of nginx with these directives, and those before it. Raises RuntimeError without nginx."""
    program, port = find_nginx(), free_port()
    if program is None:
        raise RuntimeError("nginx is not installed.")
    http = f"""
        keepalive_requests 100000000;
        {before}
        server {{ listen 127.0.0.1:{port} backlog=1024; access_log off; {site} }}
    """
    with tempfile.TemporaryDirectory() as folder, running_nginx(program, Path(folder), http, WORKERS):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def balancing(origins: Sequence[str]) -> Iterator[str]:
    """The origin of nginx that gives each request to the next of these origins, over connections that it keeps."""
    servers = "".join(f"server {origin.removeprefix('http://')};" for origin in origins)
    upstream = f"upstream patchbay {{ {servers} keepalive 64; keepalive_requests 100000000; }}"
    with serving(BALANCER % BALANCED_HOST, upstream) as origin:
        yield origin


BALANCER = """
    client_max_body_size 16m;
    location / {
        proxy_pass http://patchbay;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host %s;
    }
"""
