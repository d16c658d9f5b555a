"""The sandbox as a server: its journal, its connections, its bounds and its ending."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from examples.sandbox import Sandbox
from tests.examples.asking import GENEROUS_SECONDS, address_of, ask

ROOT = Path(__file__).resolve().parents[2]


def test_the_journal_tells_what_came_in_and_can_be_emptied(sandbox):
    ask(sandbox, "/corners/echo?a=%2F", "POST", {"X-Own": "1", "Content-Type": "text/plain"}, b"hello")
    ask(sandbox, "/corners/ok")

    listed = ask(sandbox, "/_journal").json
    assert [(entry["method"], entry["target"]) for entry in listed] == [
        ("POST", "/corners/echo?a=%2F"),
        ("GET", "/corners/ok"),
    ]
    assert listed == [entry.as_json() for entry in sandbox.requests()]
    (entry,) = sandbox.requests("/corners/echo")
    assert (entry.header("x-own"), entry.body) == ("1", b"hello")
    assert len(ask(sandbox, "/_journal?prefix=/corners/ok").json) == 1

    assert ask(sandbox, "/_journal", "DELETE").status == 204
    assert sandbox.requests() == []
    assert ask(sandbox, "/corners/ok").json["number"] == 1


def test_a_connection_serves_one_request_after_the_other(sandbox):
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=GENEROUS_SECONDS)
    connection.request("GET", "/corners/ok")
    assert json.loads(connection.getresponse().read())["number"] == 1
    local_port = connection.sock.getsockname()[1]
    connection.request("GET", "/corners/ok")
    assert json.loads(connection.getresponse().read())["number"] == 2
    assert connection.sock.getsockname()[1] == local_port
    connection.close()


def test_stopping_ends_answers_under_way_and_idle_connections(sandbox):
    address = address_of(sandbox)
    idle = socket.create_connection(address, timeout=GENEROUS_SECONDS)
    busy = socket.create_connection(address, timeout=GENEROUS_SECONDS)
    with idle, busy:
        busy.sendall(b"GET /corners/drip?seconds=60 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert busy.recv(1) == b"H"

        sandbox.stop()

        received = b"".join(iter(lambda: busy.recv(4096), b""))
        assert received.count(b'"') <= 1, "the drip went on to its end"
        assert idle.recv(1) == b""
    with pytest.raises(OSError):
        socket.create_connection(address, timeout=1)
    sandbox.stop()


def test_more_callers_than_threads_are_all_served_but_never_more_at_once():
    with Sandbox(max_threads=2, lifetime_seconds=GENEROUS_SECONDS) as sandbox:
        statuses: list[int] = []

        def call() -> None:
            statuses.append(ask(sandbox, "/corners/slow?seconds=0.02").status)

        callers = [threading.Thread(target=call) for _ in range(12)]
        for caller in callers:
            caller.start()
        most = 0
        for caller in callers:
            while caller.is_alive():
                most = max(
                    most, sum("process_request_thread" in thread.name for thread in threading.enumerate())
                )
                caller.join(0.001)

        assert statuses == [200] * 12
        # A thread that gave its place back may take a moment to leave.
        assert 1 <= most <= 4


def test_it_ends_by_itself_when_its_lifetime_is_over():
    sandbox = Sandbox(lifetime_seconds=0.05)
    sandbox.start()

    sandbox.wait()

    with pytest.raises(OSError):
        socket.create_connection(address_of(sandbox), timeout=1)


def test_it_serves_on_loopback_only():
    with pytest.raises(ValueError, match="loopback"):
        Sandbox(host="0.0.0.0")


@pytest.mark.parametrize("headers", [{"Content-Length": "99999999"}, {"Transfer-Encoding": "chunked"}])
def test_a_body_beyond_the_limit_is_refused_unread(sandbox, headers):
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=GENEROUS_SECONDS)
    connection.putrequest("POST", "/corners/echo")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()

    assert connection.getresponse().status == 413
    connection.close()


def test_the_command_prints_the_url_and_ends_at_sigterm():
    command = [sys.executable, "-m", "examples.sandbox", "--port", "0", "--lifetime-seconds", "60"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=dict(os.environ)) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=GENEROUS_SECONDS)
        connection.request("GET", "/corners/ok")
        assert connection.getresponse().status == 200
        connection.close()

        process.send_signal(signal.SIGTERM)

        assert process.wait(GENEROUS_SECONDS) == 0
