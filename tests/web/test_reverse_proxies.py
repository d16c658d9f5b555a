"""The examples of examples/deploy/, run by the real proxies."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from settings import Settings
from tests.certificates import Authority
from tests.conftest import API, TOKEN, RunningServer
from tests.reverse_proxies import (
    HOST,
    filled,
    find_program,
    free_port,
    run_caddy,
    run_nginx,
    run_nginx_of_hosts,
)

RunProxy = Callable[..., AbstractContextManager[None]]


CLIENT = "127.0.0.2"


class ByName(HTTPAdapter):
    """Connects to loopback for the proxy's host name, from another address than the proxy's."""

    def get_connection_with_tls_context(self, request: Any, verify: Any, *args: Any, **more: Any) -> Any:
        pool = super().get_connection_with_tls_context(request, verify, *args, **more)
        pool.conn_kw |= {"server_hostname": HOST, "source_address": (CLIENT, 0)}
        pool.assert_hostname = HOST
        return pool


@dataclass(frozen=True)
class Proxied:
    """Patchbay behind a proxy, and a browser in front of it."""

    origin: str
    session: requests.Session

    def open(self, method: str, path: str, **options: Any) -> requests.Response:
        port = self.origin.rpartition(":")[2]
        headers = {"Host": f"{HOST}:{port}", **options.pop("headers", {})}
        return self.session.request(
            method,
            f"https://127.0.0.1:{port}{path}",
            headers=headers,
            allow_redirects=False,
            timeout=20,
            **options,
        )


@pytest.fixture(
    params=[(run_nginx, False), (run_nginx, True), (run_caddy, False), (run_caddy, True)],
    ids=["nginx", "nginx, prefix removed", "caddy", "caddy, prefix removed"],
)
def proxied(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    settings: Settings,
    start_server: Callable[[Settings], RunningServer],
) -> Iterator[Proxied]:
    run_proxy, removes_prefix = request.param
    port, authority = free_port(), Authority(tmp_path)
    origin = f"https://{HOST}:{port}"
    server = start_server(
        replace(settings, public_url=f"{origin}/patchbay", trusted_proxies=("127.0.0.1/32",))
    )
    with (
        run_proxy(tmp_path, port, server.settings.port, authority, removes_prefix=removes_prefix),
        requests.Session() as session,
    ):
        session.trust_env, session.verify = False, authority.ca_file
        session.mount("https://", ByName())
        yield Proxied(origin, session)


def test_a_browser_uses_patchbay_below_a_path(proxied: Proxied, caplog: pytest.LogCaptureFixture):
    assert proxied.open("GET", "/patchbay").headers["Location"].endswith("/patchbay/")
    html = {"Accept": "text/html"}
    sent_on = proxied.open("GET", "/patchbay/", headers=html)
    assert (sent_on.status_code, sent_on.headers["Location"]) == (303, "/patchbay/signin?next=/patchbay/")

    arrived = proxied.open("GET", f"/patchbay/signin?token={TOKEN}&next=/patchbay/console")
    assert arrived.headers["Location"] == "/patchbay/console"
    name, *attributes = arrived.headers["Set-Cookie"].split("; ")
    assert name.startswith("__Secure-patchbay_")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/patchbay"} <= {*attributes}

    cookie = {"Cookie": name, "Origin": proxied.origin}
    assert proxied.open("GET", "/patchbay/console", headers=cookie).status_code == 200
    made = proxied.open("POST", f"/patchbay{API}/workspaces", headers=cookie, json={"name": "a"})
    assert made.status_code == 201
    foreign = cookie | {"Origin": f"https://{HOST}"}
    assert proxied.open("POST", f"/patchbay{API}/workspaces", headers=foreign, json={}).status_code == 403

    # What a client itself says of its address is not believed, in any spelling.
    spoofed = {
        "X-Forwarded-For": "203.0.113.9",
        "X_Forwarded_For": "203.0.113.9",
        "X-Forwarded-Prefix": "/evil",
        "X_Forwarded_Prefix": "/evil",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Host": "evil.example",
    }
    wrong = proxied.open("POST", "/patchbay/signin", json={"token": "wrong"}, headers=spoofed)
    assert wrong.status_code == 401
    assert f"sign-in from {CLIENT}: 1 in a row" in caplog.text

    headers = {"Authorization": f"Bearer {TOKEN}"}
    with proxied.open("GET", f"/patchbay{API}/events", headers=headers, stream=True) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        # It goes on, so its beginning would not arrive if a proxy waited for more.
        assert next(stream.iter_content(1)) != b""


class DyingHost:
    """Takes each connection, reads of the request, and is gone, as a process that is killed meanwhile."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    self.requests.append(connection.recv(65536))

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def dying() -> Iterator[DyingHost]:
    host = DyingHost()
    yield host
    host.close()


def test_nginx_asks_another_host_where_that_does_no_harm(
    tmp_path: Path, settings: Settings, start_server: Callable[[Settings], RunningServer], dying: DyingHost
):
    port, authority = free_port(), Authority(tmp_path)
    origin = f"https://{HOST}:{port}"
    server = start_server(
        replace(settings, public_url=f"{origin}/patchbay", trusted_proxies=("127.0.0.1/32",))
    )
    # One host refuses every connection.
    ports = (dying.port, free_port(), server.settings.port)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with run_nginx_of_hosts(tmp_path, port, ports, authority), requests.Session() as session:
        session.trust_env, session.verify = False, authority.ca_file
        session.mount("https://", ByName())
        proxied = Proxied(origin, session)
        assert proxied.open("GET", f"/patchbay{API}/plugins", headers=headers).status_code == 200
        assert dying.requests[0].startswith(b"GET ")
        # Hosts that failed are left out by now, so that this one arrives.
        made = proxied.open("POST", f"/patchbay{API}/workspaces", headers=headers, json={"name": "a"})
        assert made.status_code == 201
        with proxied.open("GET", f"/patchbay{API}/events", headers=headers, stream=True) as stream:
            assert next(stream.iter_content(1)) != b""

    def send_to_dying(name: str, path: str, body: Any) -> requests.Response:
        """The answer to a POST that first reaches the dying host, by an nginx that knows nothing of it yet."""
        (tmp_path / name).mkdir()
        with run_nginx_of_hosts(tmp_path / name, port, ports, authority), requests.Session() as session:
            session.trust_env, session.verify = False, authority.ca_file
            session.mount("https://", ByName())
            return Proxied(origin, session).open("POST", f"/patchbay{API}{path}", headers=headers, json=body)

    # What has reached a host that then died is not sent again, unless it only renders.
    assert send_to_dying("write", "/workspaces", {"name": "b"}).status_code == 502
    assert send_to_dying("render", "/integrations/none/render", {"block_type": "item"}).status_code == 404
    batch = {"blocks": [{"key": "1", "integration_id": "none", "block_type": "item"}]}
    assert send_to_dying("batch", "/render-batch", batch).status_code == 200
    listed = server.request("GET", f"{API}/workspaces").json()
    assert [workspace["name"] for workspace in listed] == ["Default", "a"]


@pytest.mark.parametrize(
    ("name", "flags", "drop_in"),
    [
        ("patchbay.service", (), None),
        ("patchbay.user.service", ("--user",), None),
        ("patchbay.service", (), "patchbay@.service.d/process.conf"),
    ],
)
def test_systemd_understands_the_units(
    name: str, flags: tuple[str, ...], drop_in: str | None, tmp_path: Path
):
    program = tmp_path / "patchbay"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (line,) = [row for row in filled(name).splitlines() if row.startswith("ExecStart=")]
    unit = tmp_path / ("patchbay@.service" if drop_in else "patchbay.service")
    if drop_in:
        (tmp_path / drop_in).parent.mkdir()
        (tmp_path / drop_in).write_text(filled(drop_in))
    unit.write_text(filled(name, (line, f"ExecStart={program} serve")))
    verified = subprocess.run(
        [find_program("systemd-analyze"), "verify", *flags, "--recursive-errors=no", str(unit)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert (verified.returncode, verified.stderr) == (0, "")
