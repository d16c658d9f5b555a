"""What one of several hosts has learned or begun, another honours: budgets, pauses, sign-ins, sessions and tokens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from benchmarks.cluster.verdict import most_in_window
from benchmarks.soak.processes import free_port
from plugin_store.engine.postgresql.changes import TRUSTED_SECONDS
from tests.conftest import TOKEN
from tests.databases import TestDatabases
from tests.faults.test_hosts import Cluster
from tests.faults.test_prefetch_processes import Prefetching

pytestmark = pytest.mark.postgresql

LIMIT, HOSTS = 60, 4
ORIGIN = "https://dash.example"


@pytest.fixture
def hosts(tmp_path: Path, server_databases: TestDatabases) -> Iterator[list[Prefetching]]:
    with ExitStack() as started:
        cluster = Cluster(tmp_path, server_databases.url_of(tmp_path), started)
        yield [start_host(cluster, f"host{number}") for number in range(HOSTS)]


def start_host(cluster: Cluster, name: str) -> Prefetching:
    """A host behind a proxy, whose public URL all hosts have. It is called on its own port."""
    port = free_port()
    host = cluster.start(
        name, PATCHBAY_PREFETCH="off", PATCHBAY_PUBLIC_URL="http://home.example", PATCHBAY_PORT=str(port)
    )
    host.origin = f"http://127.0.0.1:{port}"
    return host


class Provider:
    """Answers each path as it is told, and knows when each call came."""

    def __init__(self, upstream: HTTPServer) -> None:
        self.url = upstream.url_for("").rstrip("/")
        self.arrivals: list[float] = []
        self.answer: Callable[[Request], Response] = lambda _: Response("{}", mimetype="application/json")
        self._lock = threading.Lock()
        upstream.expect_request("/it").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        with self._lock:
            self.arrivals.append(time.monotonic())
        return self.answer(request)

    def declare(self, host: Prefetching, plugin: str = "svc", **section: Any) -> None:
        manifest = {
            "integration": {"base_url": self.url, **section},
            "properties": [{"name": "client_id"}, {"name": "client_secret", "secure": True}],
            "endpoints": [{"id": "it", "path": "/it", "method": "POST"}],
        }
        declaration = {"id": plugin, "name": "S", "version": "1.0.0", "type": "integration"}
        host.call("POST", "/plugins/register", {**declaration, "manifest": manifest})


@pytest.fixture
def provider(upstream: HTTPServer) -> Provider:
    return Provider(upstream)


def execute(host: Prefetching, plugin: str = "svc") -> requests.Response:
    return host.ask("POST", f"/integrations/{plugin}/execute", {"endpoint_id": "it"})


def wait_until(is_so: Callable[[], bool]) -> float:
    """The seconds until it is so. Fails after the bound within which every host knows of a change."""
    began = time.monotonic()
    pause = threading.Event()
    while not is_so():
        assert time.monotonic() - began < TRUSTED_SECONDS, "a host does not know it in time"
        pause.wait(0.01)
    return time.monotonic() - began


def test_hosts_spend_one_budget_to_the_last_call_and_share_what_a_provider_asked_for(
    hosts: list[Prefetching], provider: Provider
) -> None:
    provider.declare(hosts[0], rate_limit={"requests_per_minute": LIMIT})
    # Each host has to know of the plugin.
    for host in hosts:
        wait_until(lambda host=host: host.ask("GET", "/integrations/svc").ok)
    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(execute, hosts * 24))
    assert time.monotonic() - began < 55, "the machine is too slow to say anything about one minute"
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (LIMIT, 24 * HOSTS - LIMIT)
    assert most_in_window(sorted(provider.arrivals), 60) == len(provider.arrivals) == LIMIT
    refused = [answer.json() for answer in answers if answer.status_code == 429]
    assert {(told["reason"], told["window"]) for told in refused} == {("rate_limit", "minute")}

    provider.declare(hosts[1], "pausing")
    provider.answer = lambda _: Response("", 429, {"Retry-After": "600"})
    assert execute(hosts[1], "pausing").json()["upstream_status"] == 429
    calls = len(provider.arrivals)
    for host in hosts:
        told = execute(host, "pausing")
        assert (told.status_code, told.json()["reason"]) == (429, "cooldown")
        assert 0 < int(told.headers["Retry-After"]) <= 600
    assert len(provider.arrivals) == calls

    provider.declare(hosts[2], "failing")
    provider.answer = lambda _: Response("", 500)
    codes = [execute(host, "failing").json()["code"] for host in hosts * 3]
    opened = codes.index("breaker_open")
    assert set(codes[:opened]) == {"upstream_failed"} and set(codes[opened:]) == {"breaker_open"}
    # The failures of all hosts count together, and from then on nobody calls.
    assert len(provider.arrivals) == calls + opened
    assert 1 < opened <= 6


def test_a_sign_in_a_session_and_a_token_of_one_host_are_those_of_all(
    hosts: list[Prefetching], provider: Provider, upstream: HTTPServer
) -> None:
    one, other = hosts[:2]
    upstream.expect_request("/token").respond_with_json(
        {"access_token": "T-0123456789", "refresh_token": "R-0123456789", "expires_in": 3600}
    )
    oauth2 = {"token_url": f"{provider.url}/token", "authorization_url": "https://login.example/authorize"}
    provider.declare(one, auth_method="oauth2_authorization_code", oauth2=oauth2)
    settings = {"config": {"client_id": "me", "client_secret": "c1ient-s3cret"}}
    one.call("PUT", "/integrations/svc/config", settings)

    # Begun on one host, the browser comes back to the other.
    address = one.call("POST", "/integrations/svc/oauth2/connect")["authorization_url"]
    (state,) = parse_qs(urlsplit(address).query)["state"]
    back = {"state": state, "code": "CODE-0123456789"}
    returned = requests.get(f"{other.origin}/oauth/callback", params=back, timeout=30)
    assert returned.status_code == 200, returned.text
    # Another one sends the token that was given then.
    assert execute(hosts[2]).ok
    assert upstream.log[-1][0].headers["Authorization"] == "Bearer T-0123456789"
    again = requests.get(f"{one.origin}/oauth/callback", params=back, timeout=30)
    assert again.status_code >= 400

    # A session's cookie works everywhere until it is signed out anywhere.
    signed_in = requests.get(
        f"{one.origin}/signin",
        params={"token": TOKEN},
        headers={"Accept": "text/html"},
        allow_redirects=False,
        timeout=30,
    )
    cookie = {"Cookie": signed_in.headers["Set-Cookie"].split(";")[0], "Sec-Fetch-Site": "same-origin"}

    def plugins(host: Prefetching, headers: dict[str, str]) -> int:
        return requests.get(f"{host.origin}/api/v1/plugins", headers=headers, timeout=30).status_code

    assert [plugins(host, cookie) for host in hosts] == [200] * HOSTS

    # A token works at once, and not after it was revoked.
    made = one.call("POST", "/tokens", {"name": "Wall", "scopes": ["render"], "origins": []})
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert [plugins(host, bearer) for host in hosts] == [200] * HOSTS
    assert one.ask("DELETE", f"/tokens/{made['id']}").status_code == 204
    assert plugins(one, bearer) == 401
    for host in hosts[1:]:
        wait_until(lambda host=host: plugins(host, bearer) == 401)

    # A page asks one host for access, a user accepts at another, and the page fetches its token from a third.
    page = {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}
    wish = {"name": "Dashboard", "scopes": ["render"]}
    asked = requests.post(f"{one.origin}/api/v1/connect", json=wish, headers=page, timeout=30).json()
    accepted = other.ask("POST", f"/connect/requests/{asked['user_code']}/accept", {})
    assert accepted.status_code == 204, accepted.text
    device = {"device_code": asked["device_code"]}
    fetched = requests.post(f"{hosts[2].origin}/api/v1/connect/token", json=device, headers=page, timeout=30)
    assert fetched.status_code == 200, fetched.text
    bearer = {"Authorization": f"Bearer {fetched.json()['token']}", "Origin": ORIGIN}
    assert [plugins(host, bearer) for host in hosts] == [200] * HOSTS
    taken = requests.post(f"{one.origin}/api/v1/connect/token", json=device, headers=page, timeout=30)
    assert taken.json()["code"] == "expired_token"

    # Ending all sessions anywhere ends them everywhere.
    requests.post(f"{other.origin}/signout", headers=cookie, timeout=30, allow_redirects=False)
    for host in hosts:
        wait_until(lambda host=host: plugins(host, cookie) == 401)
