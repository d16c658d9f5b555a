"""Which host a request is for, where its line and its headers may say different things (RFC 9112 section 3.2)."""

from __future__ import annotations

import pytest

from tests.conftest import API, RunningServer
from tests.security.wire import exchange


def authorization(server: RunningServer) -> str:
    return f"Authorization: Bearer {server.token}"


def own_host(server: RunningServer) -> str:
    return f"127.0.0.1:{server.settings.port}"


@pytest.mark.parametrize("path", [f"{API}/plugins", "/healthz", "/nowhere", "/signin"])
@pytest.mark.parametrize(
    "others",
    [
        ("evil.com", None),
        (None, "evil.com"),
        (None, None),
        (None, "localhost"),
        (None, ""),
    ],
)
def test_two_hosts_are_refused_even_when_one_or_both_are_ours(
    server: RunningServer, path: str, others: tuple[str | None, str | None]
):
    hosts = [f"Host: {own_host(server) if other is None else other}" for other in others]
    answer = exchange(server.settings.port, f"GET {path} HTTP/1.1", *hosts, authorization(server))
    assert (answer.status, answer.problem["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    "target", ["http://evil.com", "HTTP://EVIL.com:80", "https://u:p@evil.com", "ftp://evil.com"]
)
def test_a_target_in_absolute_form_without_a_host_header_is_for_the_host_that_it_names(
    server: RunningServer, target: str
):
    answer = exchange(server.settings.port, f"GET {target}{API}/plugins HTTP/1.1", authorization(server))
    assert (answer.status, answer.problem["code"]) == (400, "malformed")


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_request_for_no_host_is_refused(server: RunningServer, version: str):
    answer = exchange(server.settings.port, f"GET {API}/plugins {version}", authorization(server))
    assert (answer.status, answer.problem["code"]) == (400, "malformed")


@pytest.mark.parametrize("target", ["evil.com:80", "//evil.com/api/v1/plugins", "*"])
def test_a_target_of_another_form_reaches_no_route(server: RunningServer, target: str):
    method = "OPTIONS" if target == "*" else "GET"
    host = f"Host: {own_host(server)}"
    answer = exchange(server.settings.port, f"{method} {target} HTTP/1.1", host, authorization(server))
    assert answer.status in (308, 400, 404)


def test_two_words_on_where_a_request_comes_from_are_neither(server: RunningServer):
    host = f"Host: {own_host(server)}"
    sites = ("Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none")
    lines = (*sites, host, authorization(server), "Content-Type: application/json", "Content-Length: 2")
    answer = exchange(server.settings.port, f"POST {API}/workspaces HTTP/1.1", *lines, body=b"{}")
    assert (answer.status, answer.problem["code"]) == (403, "foreign_origin")
