"""The real process: how it starts, what it prints, how it ends."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask, Response, jsonify, request

from settings import ROOT, Settings
from web.server.dispatcher import HOUSE_THREADS
from web.server.links import own_urls, ready_lines, signin_url
from web.server.serve import bind
from web.server.server import make_server


class Process:
    """`python app.py` with a data folder and a free port of its own."""

    def __init__(
        self,
        instance: Path,
        *arguments: str,
        log: IO[str] | int = subprocess.PIPE,
        out: int = subprocess.PIPE,
        **settings: str,
    ) -> None:
        environ = {
            "PATH": os.environ["PATH"],
            "PATCHBAY_INSTANCE": str(instance),
            "PATCHBAY_PORT": "0",
            **settings,
        }
        self._instance = instance
        self.popen = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), *arguments],
            env=environ,
            stdout=out,
            stderr=log,
            text=True,
        )

    def ready_link(self) -> str:
        """The link that signs in, once it serves; made from the token file that it names."""
        line = self.ready_line()
        assert line.startswith("Patchbay is ready: open http://127.0.0.1:"), (line, self.popen.poll())
        url, path = line.split()[4], Path(line.split()[-1])
        assert path == self._instance / "token"
        return f"{url}/signin?token={path.read_text().strip()}"

    def ready_line(self) -> str:
        """What it prints once it serves."""
        assert self.popen.stdout is not None
        return self.popen.stdout.readline()

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Exit code, what it printed after the link, and its log."""
        self.popen.send_signal(number)
        out, log = self.popen.communicate(timeout=40)
        return self.popen.returncode, out, log


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start_process(*arguments: str, **options: Any) -> Process:
        started.append(Process(tmp_path / "instance", *arguments, **options))
        return started[-1]

    yield start_process
    for process in started:
        if process.popen.poll() is None:
            process.popen.kill()
        process.popen.communicate()


def test_a_start_loads_nothing_that_only_few_houses_need(start: Callable[..., Process], tmp_path: Path):
    first = start()
    first.ready_link()
    first.end()
    with (tmp_path / "imports").open("w+") as imports:
        again = start(PYTHONPROFILEIMPORTTIME="1", log=imports)
        again.ready_link()
        again.end()
        imports.seek(0)
        loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in imports}
    assert "flask" in loaded
    # Migrations, secrets, schemas, calendars, pages, /metrics and the demo's notebook bring these.
    rare = {"alembic", "mako", "pygments", "cryptography", "jsonschema_rs", "prometheus_client", "examples"}
    rare |= {"icalendar", "cssselect"}
    assert not loaded & rare


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_first_start_prints_one_line_that_signs_in_and_a_signal_ends_it_well(
    start: Callable[..., Process], tmp_path: Path, number: int
):
    process = start(PATCHBAY_LOG_LEVEL="DEBUG")
    link = process.ready_link()
    session = requests.Session()
    signed_in = session.get(link, allow_redirects=False, timeout=20)
    assert (signed_in.status_code, signed_in.headers["Location"]) == (303, "/notebook")
    origin = f"http://{urlsplit(link).netloc}"
    assert session.get(f"{origin}/api/v1/plugins?secret=in-a-query", timeout=20).status_code == 200
    token = parse_qs(urlsplit(link).query)["token"][0]
    cookie = session.cookies.get(f"patchbay_{urlsplit(link).port}")
    code, out, log = process.end(number)
    assert (code, out) == (0, "")
    assert "GET /api/v1/plugins 200" in log
    assert "GET /signin 303" in log
    assert not [secret for secret in (token, cookie, "in-a-query") if secret in log]
    assert (tmp_path / "instance").stat().st_mode & 0o077 == 0


def test_a_token_is_printed_at_a_terminal_only(start: Callable[..., Process], tmp_path: Path):
    first = start()
    piped = first.ready_line()
    assert first.end()[0] == 0
    token = (tmp_path / "instance" / "token").read_text().strip()
    assert token not in piped
    screen, terminal = pty.openpty()
    with os.fdopen(screen) as shown:
        second = start(out=terminal)
        os.close(terminal)
        line = shown.readline()
        second.end()
    assert line.startswith("Patchbay is ready: open http://127.0.0.1:")
    assert line.rstrip().endswith(f"/signin?token={token}")


def test_a_token_that_was_set_is_told_by_its_variable(start: Callable[..., Process]):
    line = start(PATCHBAY_TOKEN="a-token-of-more-than-20-characters").ready_line()
    assert line.rstrip().endswith("the token that PATCHBAY_TOKEN sets")


def test_a_second_start_keeps_the_token(start: Callable[..., Process]):
    first = start()
    link = first.ready_link()
    first.end()
    assert parse_qs(urlsplit(start().ready_link()).query) == parse_qs(urlsplit(link).query)


def test_a_taken_port_is_one_line_and_exit_code_1(start: Callable[..., Process], tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start("--port", port)
        out, log = process.popen.communicate(timeout=40)
    assert (process.popen.returncode, out) == (1, "")
    assert log.count("\n") == 1
    assert log.startswith(f"Error: Cannot listen on 127.0.0.1 port {port}")
    assert not (tmp_path / "instance").exists()


@pytest.mark.parametrize(
    ("arguments", "settings", "named"),
    [
        (("--host", "0.0.0.0"), {}, "PATCHBAY_TOKEN"),
        (("--host", "no.such.host.invalid"), {}, "PATCHBAY_HOST"),
        ((), {"PATCHBAY_INSTANCE": "/dev/null/x"}, "PATCHBAY_INSTANCE"),
        ((), {"PATCHBAY_EGRESS_ALLOW": "not an address"}, "PATCHBAY_EGRESS_ALLOW"),
    ],
)
def test_what_cannot_work_is_one_line_and_exit_code_2(
    start: Callable[..., Process], arguments: tuple[str, ...], settings: dict[str, str], named: str
):
    process = start(*arguments, **settings)
    out, log = process.popen.communicate(timeout=40)
    assert (process.popen.returncode, out) == (2, "")
    assert log.count("\n") == 1
    assert log.startswith("Error: ")
    assert named in log


def test_help_teaches(start: Callable[..., Process]):
    out, _ = start("--help").popen.communicate(timeout=40)
    assert all(word in out for word in ("PATCHBAY_PORT", "docs/configuration.md", "flask --app app"))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8765/signin?token=t"),
        ("0.0.0.0", "http://127.0.0.1:8765/signin?token=t"),
        ("::", "http://[::1]:8765/signin?token=t"),
        ("::1", "http://[::1]:8765/signin?token=t"),
    ],
)
def test_the_link_leads_to_this_machine(settings: Settings, host: str, url: str):
    assert signin_url(replace(settings, host=host), "t") == url


MACHINE = [ip_address(text) for text in ("192.168.1.5", "10.0.0.7", "fd00::2")]


@pytest.mark.parametrize(
    ("host", "public_url", "urls"),
    [
        ("127.0.0.1", None, ["http://127.0.0.1:8765"]),
        ("192.168.1.5", None, ["http://192.168.1.5:8765"]),
        ("0.0.0.0", None, ["http://127.0.0.1:8765", "http://192.168.1.5:8765", "http://10.0.0.7:8765"]),
        (
            "::",
            None,
            [
                "http://[::1]:8765",
                "http://192.168.1.5:8765",
                "http://10.0.0.7:8765",
                "http://[fd00::2]:8765",
            ],
        ),
        ("0.0.0.0", "https://patchbay.lan", ["https://patchbay.lan"]),
        ("127.0.0.1", "https://patchbay.lan:8443", ["https://patchbay.lan:8443"]),
        ("127.0.0.1", "https://home.lan/patchbay", ["https://home.lan/patchbay"]),
    ],
)
def test_the_links_name_every_address_that_is_served(
    settings: Settings, host: str, public_url: str | None, urls: list[str]
):
    settings = replace(settings, host=host, public_url=public_url)
    assert own_urls(settings, MACHINE) == urls
    lines = ready_lines(settings, "T0KEN", to_terminal=True, addresses=MACHINE)
    assert [line.split()[-1] for line in lines] == [f"{url}/signin?token=T0KEN" for url in urls]
    (line,) = ready_lines(settings, "T0KEN", to_terminal=False, addresses=MACHINE)
    assert all(url in line for url in urls)
    assert "T0KEN" not in line


class Held:
    """A small app whose `/slow` answers when it is let go, and a server for it in a thread."""

    def __init__(self, settings: Settings) -> None:
        self.entered, self.let_go = threading.Event(), threading.Event()
        app = Flask("held")
        app.add_url_rule("/slow", view_func=self._answer, endpoint="slow")
        app.add_url_rule("/large", view_func=lambda: Response(b"x" * 20_000_000), endpoint="large")
        app.add_url_rule(
            "/length", view_func=lambda: jsonify(len(request.data)), endpoint="length", methods=["POST"]
        )
        listener = bind(settings)
        self.address = listener.getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}"
        self.server = make_server(app, listener, settings)
        self.thread = threading.Thread(target=self.server.run_until_stopped)
        self.thread.start()

    def _answer(self) -> str:
        self.entered.set()
        assert self.let_go.wait(30)
        return "done"


@pytest.fixture
def held(settings: Settings) -> Iterator[Held]:
    held = Held(replace(settings, port=0, threads=4, max_body_size_bytes=1000))
    yield held
    held.let_go.set()
    held.server.stop()
    held.thread.join()


def test_what_is_under_way_is_answered_after_the_stop(held: Held):
    # More than there are threads: some wait in the queue when the stop comes.
    askers = [socket.create_connection(held.address, timeout=30) for _ in range(HOUSE_THREADS + 4)]
    for asker in askers:
        asker.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert held.entered.wait(20)
    held.server.stop()
    held.let_go.set()
    for asker in askers:
        with asker:
            assert asker.makefile("rb").read().endswith(b"\r\n\r\ndone")
    held.thread.join()
    with pytest.raises(OSError):
        socket.create_connection(held.address, timeout=5)


def test_a_large_answer_is_sent_to_its_end_after_the_stop(held: Held):
    with requests.get(f"{held.url}/large", stream=True, timeout=30) as response:
        held.server.stop()
        assert len(response.content) == 20_000_000
    held.thread.join()


def test_an_idle_connection_does_not_hold_up_the_end(held: Held):
    with requests.Session() as session:
        session.post(f"{held.url}/length", data=b"x", timeout=20)
        held.server.stop()
        held.thread.join(20)
        assert not held.thread.is_alive()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 262_144 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: rot13\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
    ],
)
def test_what_cannot_be_read_is_refused_and_the_connection_ended(held: Held, sent: bytes, status: int):
    with socket.create_connection(held.address, timeout=20) as connection:
        connection.sendall(sent)
        assert connection.makefile("rb").read().startswith(f"HTTP/1.1 {status} ".encode())


def test_what_is_refused_ahead_of_flask_has_the_request_s_id(held: Held):
    with socket.create_connection(held.address, timeout=20) as connection:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine-1\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"0\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert b"x-request-id: mine-1" in answer.lower()
    assert b'"request_id":"mine-1"' in answer


def test_a_body_that_ends_too_soon_reaches_no_route(held: Held):
    with socket.create_connection(held.address, timeout=20) as connection:
        connection.sendall(b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{}")
        connection.shutdown(socket.SHUT_WR)
        assert b"\r\n\r\n2" not in connection.makefile("rb").read()
    assert not held.entered.is_set()


def test_clients_that_never_send_their_body_hold_up_nobody(held: Held):
    hanging = [socket.create_connection(held.address, timeout=20) for _ in range(8)]
    for connection in hanging:
        connection.sendall(b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{}")
    assert requests.post(f"{held.url}/length", data=b"four", timeout=20).json() == 4
    for connection in hanging:
        connection.close()


def test_pieces_of_an_answer_do_not_wait_for_the_client_s_word_on_the_one_before(settings: Settings):
    with bind(replace(settings, port=0)) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
