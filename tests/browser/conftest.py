"""A real Chromium, a real server and a sandbox of providers; every page is checked for errors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from examples.notebook_plugins import find_declaration
from examples.sandbox import Sandbox
from settings import Settings
from tests.browser.notebooks import Notebook
from tests.conftest import RunningServer, open_apps, running_server, settings_for
from web.pages.built_files import is_built

# The first needs half the processor time of the others.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
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
    "These tests drive a real Chromium and none is on the PATH. Install it: `sudo apt-get install "
    "chromium-headless-shell` (Debian), `brew install --cask chromium` (macOS)."
)
BUILD_HELP = "These tests need the built pages: `make frontend` builds them."
# Nothing waits so long unless it fails; a machine that runs all tests at once is slow.
PATIENCE_MILLISECONDS = 15_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)


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
        require_built_pages()
        server = start_server(replace(settings, sandbox=sandbox.url, prefetch=True, **given))
        server.app.extensions["patchbay"].prefetch.prefetcher.start()
        return server

    return start


def require_built_pages() -> None:
    if not is_built():
        pytest.fail(BUILD_HELP, pytrace=False)


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def shared_patchbay(
    shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """One server for the stories of many workspaces. Whoever stops it or its sandbox takes one of their own."""
    require_built_pages()
    settings = replace(
        settings_for(tmp_path_factory.mktemp("shared")), sandbox=shared_sandbox.url, prefetch=True
    )
    with open_apps() as make_app, running_server(settings, make_app) as server:
        server.app.extensions["patchbay"].prefetch.prefetcher.start()
        yield server


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


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser profile of its own: no cookies, nothing remembered."""
    context = browser.new_context(
        **{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **options}
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    return context


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = new_context(browser)
    yield context
    context.close()


@pytest.fixture
def other_context(browser: Browser) -> Iterator[BrowserContext]:
    """Another browser profile."""
    context = new_context(browser)
    yield context
    context.close()


@pytest.fixture
def declare(api: Api, sandbox: Sandbox) -> Callable[..., None]:
    """Declares integrations of the gallery, as the notebook does with what is added to it."""

    def declare(*ids: str) -> None:
        for plugin_id in ids:
            declaration = find_declaration(plugin_id, sandbox.url)
            assert api("POST", "/plugins/register", declaration)["registered"] is True

    return declare


@pytest.fixture
def notebook(
    patchbay: RunningServer, context: BrowserContext, watch: Watch, declare: Callable[..., None]
) -> Notebook:
    """The notebook of a new workspace: nothing that another test set counts in it."""
    return Notebook.create(patchbay, context, watch.over, declare)


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


@pytest.fixture
def open_console(context: BrowserContext, patchbay: RunningServer, watch: Watch) -> Callable[[str], Page]:
    """Opens a page of the console in a new tab, signed in."""
    visits: list[Page] = []

    def visit(path: str = "/console") -> Page:
        page = watch.over(context.new_page())
        if not visits:
            page.goto(patchbay.signin_link)
        page.goto(patchbay.url + path)
        page.locator("body[data-ready=true]").wait_for()
        visits.append(page)
        return page

    return visit
