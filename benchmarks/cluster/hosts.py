"""Hosts with data folders of their own on one store, behind the proxy of examples/deploy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from benchmarks.cluster.disruptions import Disruptions
from benchmarks.soak.processes import DataFolder, Server, free_port
from scripts.private_nginx import find_nginx, running_nginx
from scripts.private_postgresql import PrivateServer, private_server
from settings import ROOT

HOSTS = 3
EXAMPLE = ROOT / "examples" / "deploy" / "nginx-hosts.conf"
# Unlike in tests, what was acknowledged must outlive a server that ends at once.
STORE_OPTIONS = {"synchronous_commit": "on"}
TLS_LINES = ("    ssl_certificate ", "    ssl_certificate_key ")


@dataclass
class Cluster:
    """The hosts, the store, and the proxy's origin."""

    origin: str
    servers: list[Server]
    folders: list[DataFolder]
    store: PrivateServer
    access_log: Path
    disruptions: Disruptions

    def kill(self, number: int) -> None:
        """Kills one host without a warning, and has it start again."""
        server = self.servers[number % len(self.servers)]
        with self.disruptions.kill():
            server.kill()
        server.start_again()

    def is_whole(self) -> bool:
        """Whether every host is ready. One that could not start while the store was away is started again."""
        for server in self.servers:
            if server.has_ended:
                server.start_again()
        return all(server.is_ready() for server in self.servers)

    def restart_store(self, mode: str) -> None:
        """Stops the store in a mode of pg_ctl and starts it again. The hosts go on."""
        with self.disruptions.outage():
            self.store.stop(mode)
            self.store.start()

    def retried_requests(self) -> int:
        """The requests that the proxy sent to another host, because one did not answer."""
        return sum("," in line for line in self.access_log.read_text().splitlines())


@contextmanager
def running_cluster(folder: Path, hosts: int = HOSTS, **settings: str) -> Iterator[Cluster]:
    """Hosts that are ready, with further settings. Whatever still runs at the end is ended."""
    program = find_nginx()
    if program is None:
        raise SystemExit("nginx is not installed here: `sudo apt-get install nginx-light`.")
    key, port, proxy = Fernet.generate_key().decode(), free_port(), folder / "proxy"
    origin = f"http://127.0.0.1:{port}/patchbay"
    proxy.mkdir()
    with private_server(STORE_OPTIONS) as store:
        shared = {
            "PATCHBAY_DATABASE_URL": store.url,
            "PATCHBAY_SECRET_KEY": key,
            "PATCHBAY_PUBLIC_URL": origin,
            "PATCHBAY_TRUSTED_PROXIES": "127.0.0.1",
            # Three hosts and all clients on a few cores: a call may take longer than in the soak.
            "PATCHBAY_TIMEOUT": "10",
            **settings,
        }
        folders = [DataFolder(_made(folder / f"host{number}"), **shared) for number in range(hosts)]
        servers: list[Server] = []
        try:
            servers += map(Server, folders)
            site = _site(port, [server.port for server in servers])
            with running_nginx(program, proxy, site) as log:
                yield Cluster(origin, servers, folders, store, log, Disruptions())
        finally:
            for server in servers:
                server.kill()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _site(port: int, upstream_ports: list[int]) -> str:
    """The example for several hosts without TLS, on ports of loopback."""
    lines = EXAMPLE.read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith(TLS_LINES))
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    for number in range(1, HOSTS + 1):
        # With fewer hosts, some stand there twice.
        upstream_port = upstream_ports[number % len(upstream_ports)]
        text = text.replace(f"10.0.0.1{number}:8765", f"127.0.0.1:{upstream_port}")
    return text
