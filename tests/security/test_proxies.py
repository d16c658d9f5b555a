"""X-Forwarded-* headers: believed from trusted proxies only, and what they cannot be used for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import requests

from settings import Settings
from tests.conftest import API, TOKEN, RunningServer
from tests.security.signed_in import sign_in
from web.pages.signin import safe_next

SPOOFED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "home.lan",
    "X-Forwarded-Prefix": "/hub",
}
StartServer = Callable[[Settings], RunningServer]


def wrong_signin(server: RunningServer, headers: dict[str, str]) -> int:
    answer = requests.post(f"{server.url}/signin", json={"token": "wrong"}, headers=headers, timeout=20)
    return answer.status_code


@pytest.mark.parametrize("trusted", [(), ("10.0.0.0/8", "::1/128")])
def test_an_untrusted_client_gains_nothing(
    settings: Settings, start_server: StartServer, trusted: tuple[str, ...]
):
    server = start_server(replace(settings, trusted_proxies=trusted, allowed_hosts=("home.lan",)))
    answer = server.request("GET", "/", headers=SPOOFED)
    assert answer.headers["Location"] == "/notebook"
    browser = sign_in(server, **SPOOFED)
    assert "Secure" not in browser.set_cookie and "Path=/;" in f"{browser.set_cookie};"
    # The origin that it claims to be addressed by is none of ours.
    foreign = {"Origin": "https://home.lan", **SPOOFED}
    assert browser.open("POST", f"{API}/workspaces", foreign, json={"name": "a"}).status_code == 403
    # Other addresses in each attempt are one and the same client.
    attempts = [wrong_signin(server, SPOOFED | {"X-Forwarded-For": f"203.0.113.{last}"}) for last in range(6)]
    assert attempts == [401] * 5 + [429]


@pytest.fixture
def behind(settings: Settings, start_server: StartServer) -> RunningServer:
    """A server that takes this test for its proxy."""
    return start_server(replace(settings, trusted_proxies=("127.0.0.0/8",), allowed_hosts=("home.lan",)))


def test_wrong_tokens_behind_a_proxy_are_counted_by_client(
    behind: RunningServer, caplog: pytest.LogCaptureFixture
):
    # The client begins the list as it likes; the proxy appends what it sees.
    first = [wrong_signin(behind, {"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.9"}) for n in range(6)]
    assert first == [401] * 5 + [429]
    assert wrong_signin(behind, {"X-Forwarded-For": "203.0.113.10"}) == 401
    assert wrong_signin(behind, {"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}) == 429
    assert "sign-in from 203.0.113.9: 5 in a row" in caplog.text


def test_behind_tls_the_cookie_is_secure_and_the_pages_of_the_address_are_ours(behind: RunningServer):
    browser = sign_in(behind, **SPOOFED)
    assert {"Secure", "Path=/hub"} <= {*browser.set_cookie.split("; ")}
    own, foreign = {"Origin": "https://home.lan"}, {"Origin": "http://home.lan"}
    answers = [
        browser.open("POST", f"{API}/workspaces", {**SPOOFED, **origin}, json={"name": "a"}).status_code
        for origin in (own, foreign)
    ]
    assert answers == [201, 403]


@pytest.mark.parametrize(
    ("host", "forwarded"),
    [
        ("home.lan", "evil.lan"),
        ("home.lan", "user@home.lan"),
        ("home.lan", "home.lan, evil.lan"),
        ("home.lan", "home.lan/"),
        # A page of a rebound name can add the header, and some proxies pass it on.
        ("evil.lan", "home.lan"),
    ],
)
def test_a_forwarded_host_is_checked_like_a_host(behind: RunningServer, host: str, forwarded: str):
    answer = behind.request("GET", f"{API}/plugins", headers={"Host": host, "X-Forwarded-Host": forwarded})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    "prefix", ["//evil.lan", "/\\evil.lan", "https://evil.lan", "/..", "/%2f%2fevil.lan", "/<b>", "/x\ty"]
)
def test_a_forwarded_prefix_never_leads_elsewhere(behind: RunningServer, prefix: str):
    answer = behind.request("GET", "/", headers={"X-Forwarded-Prefix": prefix})
    assert answer.headers["Location"] == "/notebook"


def test_cached_answers_of_one_mount_are_not_served_at_another(behind: RunningServer):
    """The problem of a stale answer links below the prefix of its own request."""
    path = f"{API}/integrations/none/render"
    kinds = {
        prefix: behind.request(
            "POST", path, json={"block_type": "a"}, headers={"X-Forwarded-Prefix": prefix}
        ).json()["type"]
        for prefix in ("/hub", "", "/other")
    }
    assert kinds == {prefix: f"{prefix}/docs/problems#not_found" for prefix in kinds}


@pytest.mark.parametrize(
    ("given", "leads"),
    [
        ("/hub/console?a=b", "/hub/console?a=b"),
        ("/hub", "/hub"),
        ("/console", "/hub/console"),
        ("/hubs/x", "/hub/hubs/x"),
        ("//evil.lan", "/hub/notebook"),
        ("https://evil.lan/hub/", "/hub/notebook"),
        ("/hub/../mail", "/hub/notebook"),
        ("/hub/%2E%2e/mail", "/hub/notebook"),
        ("/hub/.%2e/mail", "/hub/notebook"),
        ("/hub/..", "/hub/notebook"),
        ("/hub/..?x", "/hub/notebook"),
        ("/hub/\t../mail", "/hub/notebook"),
        ("/hub/..\\mail", "/hub/notebook"),
        ("/hub/a..b/...", "/hub/a..b/..."),
        ("/hub/x?next=/../y", "/hub/x?next=/../y"),
    ],
)
def test_signing_in_never_leads_out_of_the_prefix(given: str, leads: str):
    assert safe_next(given, "/hub") == leads


@pytest.mark.parametrize("given", ["/../x", "/a/%2e%2e//evil.lan", "/./"])
def test_signing_in_leads_to_no_dot_segments(given: str):
    assert safe_next(given) == "/notebook"


def test_a_long_list_of_addresses_costs_no_more_than_a_short_one(behind: RunningServer):
    listed = ",".join(["127.0.0.1"] * 6000)
    answer = behind.request("GET", f"{API}/plugins", headers={"X-Forwarded-For": listed})
    assert answer.status_code == 200
    assert TOKEN not in answer.text
