"""A notebook behind a proxy of two hosts: one is killed while the page is open, and the page goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, expect

from benchmarks.cluster.hosts import Cluster, running_cluster
from benchmarks.soak.processes import TOKEN, Server
from examples.notebook_plugins import find_declaration
from examples.sandbox import Sandbox
from tests.browser.conftest import Watch, require_built_pages
from tests.browser.notebooks import Notebook, block, card
from tests.browser.steps import add_block

pytestmark = pytest.mark.postgresql


@dataclass
class Proxied:
    """The hosts as a program with the token sees them, through the proxy."""

    cluster: Cluster

    @property
    def url(self) -> str:
        return self.cluster.origin

    @property
    def signin_link(self) -> str:
        return f"{self.url}/signin?token={TOKEN}"

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return requests.request(method, self.url + path, headers=headers, timeout=30, **options)

    def wait_for(self, host: Server) -> None:
        """Returns when the proxy gives requests to the host again. For two seconds it leaves out one that was away."""
        answered = f"127.0.0.1:{host.port}|200"
        before = self.cluster.access_log.read_text().count(answered)
        while self.cluster.access_log.read_text().count(answered) == before:
            self.request("GET", "/healthz")


@pytest.fixture
def proxied(tmp_path: Path, sandbox: Sandbox) -> Iterator[Proxied]:
    require_built_pages()
    with running_cluster(tmp_path, hosts=2, PATCHBAY_SANDBOX=sandbox.url) as cluster:
        yield Proxied(cluster)


def test_a_page_goes_on_when_either_host_is_killed(
    proxied: Proxied, sandbox: Sandbox, context: BrowserContext
) -> None:
    watch = Watch(proxied.url.removesuffix("/patchbay"))
    # What was on its way to the host that died.
    watch.expected_errors += ["502", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE"]
    server: Any = proxied
    notebook = Notebook.create(server, context, watch.over, _declarer(proxied, sandbox))
    first = block("open-meteo/current", title="First", latitude=59.9)
    notebook.fill(first)
    page = notebook.open()
    drawn = card(page, first).locator("dl, table, [data-value], .value").first
    expect(drawn).to_be_visible()
    # Each of the two in turn, so that one of them had the page's stream of events.
    with page.expect_request(lambda request: "/api/v1/events" in request.url):
        for latitude, host in zip(("48.1", "41.9"), proxied.cluster.servers, strict=True):
            host.kill()
            expect(add_block(page, "open-meteo/current", {"Latitude": latitude})).to_contain_text("°")
            host.restart()
            proxied.wait_for(host)
    expect(drawn).to_be_visible()
    page.reload()
    expect(page.locator("patchbay-block[data-key]")).to_have_count(3)
    kept = sorted(item["inputs"]["latitude"] for item in notebook.kept()["items"])
    assert kept == [41.9, 48.1, 59.9]
    assert watch.complaints == []


def _declarer(proxied: Proxied, sandbox: Sandbox) -> Callable[..., None]:
    def declare(*ids: str) -> None:
        for plugin_id in ids:
            declared = proxied.request(
                "POST", "/api/v1/plugins/register", json=find_declaration(plugin_id, sandbox.url)
            )
            assert declared.json()["registered"] is True

    return declare
