"""What a page on another port can do with a signed-in browser, and how a user accepts a change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from examples.sandbox import Sandbox
from tests.browser.conftest import Api, Watch
from tests.conftest import RunningServer
from tests.upstreams import POLL_SECONDS

PROPERTIES = [{"name": "api_key", "secure": True}]
BLOCK = "/api/v1/integrations/svc/render?block_type=item&parameters=%7B%7D"


def declaration(base_url: str) -> dict[str, object]:
    manifest = {
        "integration": {"base_url": base_url, "auth": {"type": "api_key", "in": "header", "name": "X-Key"}},
        "properties": PROPERTIES,
        "endpoints": [{"id": "get", "path": "/get"}],
        "blocks": [{"id": "item", "endpoint": "get"}],
    }
    return {"id": "svc", "name": "Service", "version": "1.0.0", "type": "integration", "manifest": manifest}


class Provider(BaseHTTPRequestHandler):
    calls: list[str]

    def do_GET(self) -> None:
        self.calls.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        """Nothing: tests look at `calls`."""


class ForeignPage(BaseHTTPRequestHandler):
    """An empty page of another port, whose scripts the test is."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

    def log_message(self, *_args: object) -> None:
        """Nothing."""


def serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def provider(calls: list[str]) -> Iterator[str]:
    yield from serve(type("Counting", (Provider,), {"calls": calls}))


@pytest.fixture
def elsewhere() -> Iterator[str]:
    yield from serve(ForeignPage)


WAYS = {
    "an image": "url => new Promise(done => { const image = new Image(); image.onload = image.onerror = () => done('');"
    " image.src = url; })",
    "a call that cannot be read": "url => fetch(url, { mode: 'no-cors', credentials: 'include' }).then(() => '', () => '')",
    "a call": "url => fetch(url, { credentials: 'include' }).then(r => r.text(), () => '')",
    "a frame": "url => new Promise(done => { const frame = document.createElement('iframe'); frame.onload = () => done('');"
    " frame.src = url; document.body.append(frame); })",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_page_of_another_port_calls_no_provider(
    context: BrowserContext,
    patchbay: RunningServer,
    api: Api,
    provider: str,
    calls: list[str],
    elsewhere: str,
    way: str,
) -> None:
    api("POST", "/plugins/register", declaration(provider))
    page = context.new_page()
    page.goto(patchbay.signin_link)
    page.goto(elsewhere)
    address = patchbay.url + BLOCK
    with page.expect_request(lambda request: request.url == address):
        assert page.evaluate(WAYS[way], address) == ""
    assert calls == []
    page.goto(f"{patchbay.url}/notebook")
    assert page.evaluate("url => fetch(url).then(r => r.status)", BLOCK) == 200
    assert calls == ["/get"]


def test_a_link_on_another_page_opens_ours(
    context: BrowserContext, patchbay: RunningServer, elsewhere: str
) -> None:
    page = context.new_page()
    page.goto(patchbay.signin_link)
    page.goto(elsewhere)
    page.evaluate("url => { location.href = url; }", f"{patchbay.url}/docs/problems")
    expect(page.get_by_role("heading", name="Problem codes")).to_be_visible()


def test_a_person_finds_the_change_looks_at_it_and_accepts(
    open_notebook: Callable[[], Page], api: Api, provider: str, calls: list[str], sandbox: Sandbox
) -> None:
    page = open_notebook()
    api("POST", "/plugins/register", declaration("http://127.0.0.1:9"))
    api("PUT", "/integrations/svc/secrets/api_key", {"value": "a-key-of-some-length"})
    api("POST", "/plugins/register", declaration(provider))
    page.goto(f"{page.url.partition('/notebook')[0]}/review/svc")
    expect(page.get_by_role("heading", name="Service")).to_be_visible()
    expect(page.get_by_text("http://127.0.0.1:9", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Accept the change").click()
    expect(page.get_by_text("There is no change to accept")).to_be_visible()
    assert api("GET", "/integrations/svc")["review"] is None
    assert calls == []


def test_a_script_of_ours_that_holds_the_token_accepts_nothing(
    open_notebook: Callable[[], Page], patchbay: RunningServer, api: Api, provider: str, watch: Watch
) -> None:
    page = open_notebook()
    watch.expected_errors.append("403")
    api("POST", "/plugins/register", declaration("http://127.0.0.1:9"))
    api("PUT", "/integrations/svc/secrets/api_key", {"value": "a-key-of-some-length"})
    api("POST", "/plugins/register", declaration(provider))
    script = """token => fetch('/api/v1/integrations/svc/review', { method: 'POST', body: '{"accept": true}',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' } })
      .then(r => r.json()).then(problem => [problem.code, problem.page])"""
    assert page.evaluate(script, patchbay.token) == ["person_needed", "/review/svc"]
