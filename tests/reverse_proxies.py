"""The example configurations of reverse proxies, run by the real proxies on a free port of loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.private_nginx import running_nginx
from settings import ROOT
from tests.certificates import Authority

EXAMPLES = ROOT / "examples" / "deploy"
HOST = "home.example"
INSTALL_HELP = "This test runs a real {0} and none is on the PATH. Install it: `sudo apt-get install {0}`."


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def find_program(name: str) -> str:
    """The program's path. Fails when it is not installed."""
    # Debian puts servers where users without rights do not look.
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        pytest.fail(INSTALL_HELP.format(name), pytrace=False)
    return path


def filled(name: str, *replacements: tuple[str, str]) -> str:
    """The text of an example with other values; each must be there."""
    text = (EXAMPLES / name).read_text("utf-8")
    for old, new in replacements:
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, new)
    return text


def _write_certificate(folder: Path, authority: Authority) -> tuple[str, str]:
    """Two files: the proxy's certificate, and its key."""
    paths = folder / "proxy.pem", folder / "proxy.key"
    for path, text in zip(paths, authority.issue(HOST), strict=True):
        path.write_text(text)
    return str(paths[0]), str(paths[1])


@contextmanager
def run_nginx(
    folder: Path, port: int, upstream_port: int, authority: Authority, *, removes_prefix: bool
) -> Iterator[None]:
    site = _filled_for_nginx(
        "nginx.conf",
        folder,
        port,
        authority,
        ("127.0.0.1:8765", f"127.0.0.1:{upstream_port}"),
        ("proxy_pass http://patchbay;", f"proxy_pass http://patchbay{'/' * removes_prefix};"),
    )
    with running_nginx(find_program("nginx"), folder, site):
        yield


@contextmanager
def run_nginx_of_hosts(
    folder: Path, port: int, upstream_ports: Sequence[int], authority: Authority
) -> Iterator[None]:
    """The example for three hosts, which are processes of this one."""
    hosts = [
        (f"10.0.0.1{number}:8765", f"127.0.0.1:{upstream_port}")
        for number, upstream_port in enumerate(upstream_ports, 1)
    ]
    site = _filled_for_nginx("nginx-hosts.conf", folder, port, authority, *hosts)
    with running_nginx(find_program("nginx"), folder, site):
        yield


def _filled_for_nginx(
    name: str, folder: Path, port: int, authority: Authority, *replacements: tuple[str, str]
) -> str:
    certificate, key = _write_certificate(folder, authority)
    return filled(
        name,
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/home.example.pem", certificate),
        ("/etc/ssl/private/home.example.key", key),
        *replacements,
    )


@contextmanager
def run_caddy(
    folder: Path, port: int, upstream_port: int, authority: Authority, *, removes_prefix: bool
) -> Iterator[None]:
    certificate, key = _write_certificate(folder, authority)
    site = filled(
        "Caddyfile",
        ("\nhome.example {\n", f"\nhttps://{HOST}:{port} {{\n\tbind 127.0.0.1\n\ttls {certificate} {key}\n"),
        ("127.0.0.1:8765", f"127.0.0.1:{upstream_port}"),
        ("handle /patchbay/*", f"handle{'_path' * removes_prefix} /patchbay/*"),
    )
    options = f"{{\n\tadmin unix/{folder}/admin\n\tauto_https disable_redirects\n}}\n"
    config = folder / "Caddyfile"
    config.write_text(options + site)
    command = [find_program("caddy"), "start", "--config", str(config), "--pidfile", f"{folder}/pid"]
    environ = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    # It returns when it listens.
    subprocess.run(
        [*command, "--adapter", "caddyfile"],
        check=True,
        timeout=30,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pid = int((folder / "pid").read_text())
    try:
        yield
    finally:
        os.kill(pid, signal.SIGTERM)
