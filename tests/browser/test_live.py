"""Pages that change by themselves: the one of docs/frontends.md, and tabs that share a stream."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, Request, expect
from pytest_httpserver import HTTPServer
from werkzeug import Response

from examples.catalog import load_example
from settings import Settings
from tests.browser.conftest import Api
from tests.browser.test_frontends import recipe
from tests.conftest import RunningServer, running_server
from tests.upstreams import Upstream

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

BLOCK = {"integration_id": "open-meteo", "block_type": "current"}
PLACE = {"latitude": 38.7, "longitude": -9.1}
CHANNEL = "patchbay-events {url} {{}}"
# A page of ours with no script of its own.
PLAIN_PAGE = "/docs/problems"
SHOW_BLOCK = """async ({ latitude, longitude }) => {
  await import('/static/client/elements.js');
  const block = document.createElement('patchbay-block');
  for (const [name, value] of Object.entries({ integration: 'open-meteo', block: 'current', latitude, longitude })) {
    block.setAttribute(name, value);
  }
  document.body.prepend(block);
}"""


@dataclass
class Weather:
    """A provider whose temperature rises with each call: 1.5, 2.5, 3.5 …"""

    provider: HTTPServer
    calls: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.provider.expect_request("/v1/forecast").respond_with_handler(lambda _: self._answer())

    def _answer(self) -> Response:
        current = {
            "time": "2026-01-01T12:00",
            "temperature_2m": next(self.calls) + 0.5,
            "relative_humidity_2m": 76,
        }
        units = {"temperature_2m": "°C", "relative_humidity_2m": "%"}
        body = json.dumps({"current": current, "current_units": units})
        return Response(body, content_type="application/json")

    def declaration(self) -> dict[str, Any]:
        declared = load_example("open-meteo")
        section = {**declared["manifest"]["integration"], "base_url": self.provider.url_for("/v1")}
        return {**declared, "manifest": {**declared["manifest"], "integration": section}}


@pytest.fixture
def site() -> Iterator[HTTPServer]:
    """Another origin than Patchbay's."""
    with Upstream(host="localhost") as site:
        yield site


@pytest.fixture
def weather(upstream: HTTPServer) -> Weather:
    return Weather(upstream)


@pytest.fixture
def start(
    settings: Settings, make_app: Callable[[Settings], Flask], site: HTTPServer, weather: Weather
) -> Iterator[Callable[..., RunningServer]]:
    """Starts the server on a data folder that stays, with the provider declared."""
    allowed = replace(settings, allowed_origins=(f"http://localhost:{site.port}",))
    with ExitStack() as started:

        def start(port: int = 0) -> RunningServer:
            running: AbstractContextManager[RunningServer] = running_server(allowed, make_app, port)
            server = started.enter_context(running)
            Api(server)("POST", "/plugins/register", weather.declaration())
            return server

        yield start


@pytest.fixture
def patchbay(start: Callable[..., RunningServer]) -> RunningServer:
    return start()


def open_streams(server: RunningServer) -> int:
    return server.app.extensions["patchbay"].events.count()


def prefetch(server: RunningServer) -> None:
    """Has the prefetcher fetch the block now."""
    api = Api(server)
    job = api("POST", "/prefetch", {**BLOCK, "parameters": PLACE})
    api("POST", f"/prefetch/{job['id']}/run")


def fetch_again(server: RunningServer) -> None:
    """What another client does when its user asks for the newest."""
    body = {"block_type": "current", "parameters": PLACE, "use_cache": False}
    Api(server)("POST", "/integrations/open-meteo/render", body)


def calls_of(page: Page) -> list[str]:
    """The paths of the API that the page asks for from now on."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/api/v1/" in request.url and request.method != "OPTIONS":
            asked.append(request.url.partition("/api/v1")[2].partition("?")[0])

    page.on("request", note)
    return asked


def expect_temperature(page: Page, text: str) -> None:
    expect(page.locator("patchbay-block")).to_contain_text(text, timeout=15_000)


def expect_streams(page: Page, server: RunningServer, count: int) -> None:
    """Waits, with the browser going on meanwhile."""
    for _ in range(150):
        if open_streams(server) == count:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{open_streams(server)} streams are open, not {count}")


@pytest.fixture
def open_tab(context: BrowserContext, patchbay: RunningServer) -> Callable[[], Page]:
    """Opens one more tab on a page of the server's own, with a block on it."""
    tabs: list[Page] = []

    def open_tab() -> Page:
        page = context.new_page()
        if not tabs:
            page.goto(patchbay.signin_link)
        page.goto(f"{patchbay.url}{PLAIN_PAGE}")
        page.evaluate(SHOW_BLOCK, PLACE)
        tabs.append(page)
        return page

    return open_tab


def open_recipe(context: BrowserContext, server: RunningServer, site: HTTPServer) -> tuple[Page, list[str]]:
    """The page of the documentation, as it stands there, and what it asks for."""
    html = recipe("Plain HTML")["index.html"]
    assert len(html.splitlines()) <= 15
    html = html.replace("http://127.0.0.1:8765", server.url)
    site.expect_request("/").respond_with_data(html, content_type="text/html; charset=utf-8")
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept(server.token))
    asked = calls_of(page)
    page.goto(f"http://localhost:{site.port}/")
    return page, asked


def test_the_page_of_the_documentation_changes_by_itself_and_does_not_poll(
    context: BrowserContext, patchbay: RunningServer, site: HTTPServer
) -> None:
    page, asked = open_recipe(context, patchbay, site)
    expect_temperature(page, "1.5")
    expect_streams(page, patchbay, 1)
    render = "/integrations/open-meteo/render"
    assert (asked.count("/events"), asked.count(render)) == (1, 1)
    prefetch(patchbay)
    expect_temperature(page, "2.5")
    fetch_again(patchbay)
    expect_temperature(page, "3.5")
    # One render for each of the two changes, with the history that is drawn beside it; between them, none.
    assert (asked.count("/events"), asked.count(render)) == (1, 3)
    assert set(asked) == {"/events", "/integrations", "/history", render}


def test_a_setting_that_another_client_changes_is_shown(
    context: BrowserContext, patchbay: RunningServer, site: HTTPServer
) -> None:
    page, _ = open_recipe(context, patchbay, site)
    expect_temperature(page, "1.5")
    expect_streams(page, patchbay, 1)
    Api(patchbay)("PUT", "/integrations/open-meteo/enable", {"enabled": False})
    expect(page.locator("patchbay-block")).to_have_attribute("data-status", "stale")
    Api(patchbay)("PUT", "/integrations/open-meteo/enable", {"enabled": True})
    expect(page.locator("patchbay-block")).to_have_attribute("data-status", "ready")


def test_more_tabs_than_a_browser_has_connections_share_one_stream(
    open_tab: Callable[[], Page], patchbay: RunningServer
) -> None:
    tabs = [open_tab() for _ in range(7)]
    for tab in tabs:
        expect_temperature(tab, "1.5")
    expect_streams(tabs[0], patchbay, 1)
    prefetch(patchbay)
    for tab in tabs:
        expect_temperature(tab, "2.5")
    assert open_streams(patchbay) == 1


def test_when_the_tab_that_reads_is_closed_the_next_one_goes_on(
    open_tab: Callable[[], Page], patchbay: RunningServer
) -> None:
    first, second, third = open_tab(), open_tab(), open_tab()
    expect_temperature(third, "1.5")
    expect_streams(first, patchbay, 1)
    first.close()
    # Fetched while nobody may be reading.
    prefetch(patchbay)
    expect_temperature(second, "2.5")
    expect_temperature(third, "2.5")
    second.close()
    fetch_again(patchbay)
    expect_temperature(third, "3.5")
    expect_streams(third, patchbay, 1)
    third.close()


def test_a_tab_whose_browser_froze_it_is_replaced(
    context: BrowserContext, open_tab: Callable[[], Page], patchbay: RunningServer
) -> None:
    frozen = context.new_page()
    frozen.goto(patchbay.signin_link)
    frozen.goto(f"{patchbay.url}{PLAIN_PAGE}")
    frozen.evaluate(
        """(name) => {
          navigator.locks.request(name, () => new Promise(() => {})).catch(() => {});
          const channel = new BroadcastChannel(name);
          channel.onmessage = ({ data }) => {
            if (data === 'ask') channel.postMessage({ isOpen: true, lastId: '', events: [] });
          };
        }""",
        CHANNEL.format(url=patchbay.url),
    )
    context.clock.install()
    tab = open_tab()
    expect_temperature(tab, "1.5")
    tab.clock.run_for(45_000)
    assert open_streams(patchbay) == 0
    tab.clock.run_for(10_000)
    expect_streams(tab, patchbay, 1)
    prefetch(patchbay)
    expect_temperature(tab, "2.5")


def test_after_a_restart_of_the_server_pages_go_on_by_themselves(
    context: BrowserContext, start: Callable[..., RunningServer], site: HTTPServer
) -> None:
    first = start()
    page, _ = open_recipe(context, first, site)
    expect_temperature(page, "1.5")
    expect_streams(page, first, 1)
    first.stop()
    second = start(first.settings.port)
    # Fetched before the page has come back: the events since then are kept.
    fetch_again(second)
    expect_temperature(page, "2.5")
    expect_streams(page, second, 1)
    fetch_again(second)
    expect_temperature(page, "3.5")
