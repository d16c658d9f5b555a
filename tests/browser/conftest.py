"""A real Chromium, a real server and a sandbox of providers; every page is checked for errors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from examples.sandbox import Sandbox
from settings import Settings
from tests.conftest import RunningServer
from web.pages.built_files import is_built

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL_HELP = (
    "These tests drive a real Chromium and none is on the PATH. Install it: `sudo apt-get install chromium` "
    "(Debian), `brew install --cask chromium` (macOS)."
)
BUILD_HELP = "These tests need the built pages: `make frontend` builds them."


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window. Fails when there is none."""
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if executable is None:
        pytest.fail(INSTALL_HELP, pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def start_patchbay(
    sandbox: Sandbox, settings: Settings, start_server: Callable[[Settings], RunningServer]
) -> Callable[..., RunningServer]:
    """Starts servers with these settings besides; their example frontend is turned to the sandbox."""

    def start(**given: Any) -> RunningServer:
        if not is_built():
            pytest.fail(BUILD_HELP, pytrace=False)
        server = start_server(replace(settings, sandbox=sandbox.url, prefetch=True, **given))
        server.app.extensions["patchbay"].prefetch.prefetcher.start()
        return server

    return start


@pytest.fixture
def patchbay(start_patchbay: Callable[..., RunningServer]) -> RunningServer:
    """A server with a fresh data folder."""
    return start_patchbay()


@dataclass
class Api:
    """The server as a program with the token sees it."""

    server: RunningServer

    def __call__(self, method: str, path: str, json: Any = None) -> Any:
        """The JSON of a successful answer below /api/v1."""
        response = self.server.request(method, f"/api/v1{path}", json=json)
        response.raise_for_status()
        return response.json() if response.content else None


@pytest.fixture
def api(patchbay: RunningServer) -> Api:
    return Api(patchbay)


@dataclass
class Watch:
    """What pages did that they must never do."""

    origin: str
    expected_errors: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def over(self, page: Page) -> Page:
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("request", self._see)
        page.on("dialog", lambda dialog: (self.complaints.append("a dialog opened"), dialog.dismiss()))
        return page

    def hear(self, message: ConsoleMessage) -> None:
        # Chromium reports every call that failed; tests say which failures they provoke.
        is_expected = any(part in message.text for part in self.expected_errors)
        if message.type in {"error", "warning"} and not is_expected:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:", f"blob:{self.origin}/")):
            self.complaints.append(f"request to {request.url}")


@pytest.fixture
def watch(patchbay: RunningServer) -> Iterator[Watch]:
    """Fails the test when a page logged an error, broke its CSP or asked another origin for something."""
    watch = Watch(patchbay.url)
    yield watch
    assert watch.complaints == []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own: no cookies, nothing remembered."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def open_notebook(context: BrowserContext, patchbay: RunningServer, watch: Watch) -> Callable[[], Page]:
    """Opens the notebook in a new tab; the first time by the link that the server prints."""
    visits: list[Page] = []

    def visit() -> Page:
        page = watch.over(context.new_page())
        page.goto(f"{patchbay.url}/notebook" if visits else patchbay.signin_link)
        page.locator("body[data-ready=true]").wait_for()
        visits.append(page)
        return page

    return visit
