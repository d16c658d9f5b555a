"""The custom elements in a real browser: on a page of another origin, under a strict policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_httpserver import HTTPServer

from examples.sandbox.providers.openweathermap import API_KEY
from tests.browser.conftest import Watch
from tests.browser.test_accessibility import serious_violations
from tests.conftest import RunningServer
from tests.upstreams import Upstream

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SITE = Path(__file__).parent / "site"
SCHEMES = ("light", "dark")


@pytest.fixture
def site() -> Iterator[HTTPServer]:
    """Another origin than Patchbay's."""
    with Upstream(host="localhost") as site:
        yield site


@pytest.fixture
def patchbay(start_patchbay: Callable[..., RunningServer], site: HTTPServer) -> RunningServer:
    """A server that lets the other origin in."""
    return start_patchbay(allowed_origins=(f"http://localhost:{site.port}",))


@dataclass
class Frontend:
    """A page of another origin. Its policy allows its own files, scripts of Patchbay, and calls to it."""

    site: HTTPServer
    server: RunningServer
    watch: Watch

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.site.port}"

    def open(self, page: Page, path: str, files: dict[str, str]) -> Page:
        policy = f"default-src 'self'; img-src 'self' data:; script-src 'self' {self.server.url}; connect-src {self.server.url}"
        types = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
        for name, text in files.items():
            content_type = f"{types[name.rpartition('.')[2]]}; charset=utf-8"
            self.site.expect_request(f"/{name}").respond_with_data(
                text, content_type=content_type, headers={"Content-Security-Policy": policy}
            )
        page.on("console", self.watch.hear)
        page.on("pageerror", lambda error: self.watch.complaints.append(f"page error: {error}"))
        page.on("request", self._see)
        page.goto(f"{self.origin}/{path}")
        return page

    def _see(self, request: Any) -> None:
        if not request.url.startswith((self.origin, self.server.url, "data:")):
            self.watch.complaints.append(f"request to {request.url}")


@pytest.fixture
def frontend(site: HTTPServer, patchbay: RunningServer, watch: Watch) -> Frontend:
    return Frontend(site, patchbay, watch)


def open_blocks(frontend: Frontend, page: Page, blocks: str) -> Page:
    """A page with these elements; its script brings the token."""
    html = f'<!doctype html><html lang="en"><title>Mine</title><link rel="icon" href="data:,"><script type="module" src="mine.js"></script><main><h2>Mine</h2>{blocks}</main>'
    script = f"import {{ configure }} from '{frontend.server.url}/static/client/elements.js';\nconfigure({{ token: {json.dumps(frontend.server.token)} }});\n"
    return frontend.open(page, "mine.html", {"mine.html": html, "mine.js": script})


@pytest.fixture
def declared(declare: Callable[..., None]) -> None:
    """The integrations that blocks here draw."""
    declare("open-meteo", "openweathermap")


def block_of(page: Page, name: str) -> Locator:
    return page.locator(f"patchbay-block[block='{name}']")


WEATHER = '<patchbay-block integration="open-meteo" block="current" latitude="38.7" longitude="-9.1"></patchbay-block>'


@pytest.mark.usefixtures("declared")
def test_a_block_on_a_page_of_another_origin_shows_data(frontend: Frontend, context: Any) -> None:
    page = open_blocks(frontend, context.new_page(), WEATHER)
    block = block_of(page, "current")
    expect(block).to_have_attribute("data-status", "ready")
    expect(block.get_by_role("heading", name="Weather now")).to_be_visible()
    expect(block).to_contain_text("Open-Meteo · 38.7 · -9.1")
    expect(block).to_contain_text("4.2")
    expect(block.get_by_text("Sample", exact=True)).to_be_hidden()


def test_a_sample_is_marked_as_one(
    start_patchbay: Callable[..., RunningServer], site: HTTPServer, watch: Watch, context: Any, tmp_path: Path
) -> None:
    sample = {
        "request": {"method": "GET", "url": "https://api.test/now"},
        "response": {"json": {"temperature": 21}},
    }
    (tmp_path / "now.json").write_text(json.dumps(sample))
    server = start_patchbay(allowed_origins=(f"http://localhost:{site.port}",), samples=tmp_path)
    manifest = {
        "integration": {"base_url": "https://api.test"},
        "endpoints": [{"id": "now", "path": "/now"}],
        "blocks": [{"id": "current", "endpoint": "now", "cache_ttl": 60}],
    }
    declared = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    assert server.request("POST", "/api/v1/plugins/register", json=declared).status_code == 201
    blocks = '<patchbay-block integration="svc" block="current"></patchbay-block>'
    page = open_blocks(Frontend(site, server, watch), context.new_page(), blocks)
    block = block_of(page, "current")
    expect(block).to_contain_text("21")
    expect(block.get_by_text("Sample", exact=True)).to_be_visible()


@pytest.mark.usefixtures("declared")
def test_a_display_may_title_a_block_by_its_data(frontend: Frontend, context: Any) -> None:
    titled = WEATHER.replace(
        " latitude", """ display='{"value": "temperature", "title": "wind"}' latitude""", 1
    )
    page = open_blocks(frontend, context.new_page(), titled)
    expect(block_of(page, "current").get_by_role("heading", name="14.4 km/h")).to_be_visible()


@pytest.mark.usefixtures("declared")
def test_blocks_of_one_page_are_one_request(frontend: Frontend, context: Any) -> None:
    page = context.new_page()
    renders: list[str] = []
    page.on("request", lambda request: renders.append(request.url) if "/render" in request.url else None)
    blocks = '<patchbay-block integration="open-meteo" block="current"></patchbay-block><patchbay-block integration="open-meteo" block="daily"></patchbay-block>'
    open_blocks(frontend, page, blocks)
    expect(page.locator("patchbay-block[data-status=ready]")).to_have_count(2)
    assert [url.rpartition("/")[2] for url in renders] == ["render-batch"]


@pytest.mark.usefixtures("declared")
def test_changed_attributes_are_rendered_again(frontend: Frontend, context: Any) -> None:
    page = open_blocks(frontend, context.new_page(), WEATHER)
    block = block_of(page, "current")
    expect(block).to_contain_text("38.7")
    with page.expect_request(lambda request: '"latitude":52.5' in (request.post_data or "")):
        block.evaluate("(element) => element.setAttribute('latitude', '52.5')")
    expect(block).to_contain_text("52.5 · -9.1")
    expect(block).to_have_attribute("data-status", "ready")


@pytest.mark.usefixtures("declared")
def test_an_input_that_is_not_right_is_said_by_name(frontend: Frontend, context: Any) -> None:
    page = open_blocks(frontend, context.new_page(), WEATHER.replace("38.7", "north"))
    frontend.watch.expected_errors = ["status of 422"]
    block = block_of(page, "current")
    expect(block).to_have_attribute("data-status", "error")
    expect(block.get_by_role("alert")).to_contain_text("latitude")


@pytest.mark.usefixtures("declared")
def test_a_missing_secret_is_entered_where_it_is_missed(frontend: Frontend, context: Any) -> None:
    frontend.watch.expected_errors = ["status of 409", "status of 502"]
    page = open_blocks(
        frontend,
        context.new_page(),
        '<patchbay-block integration="openweathermap" block="weather"></patchbay-block>',
    )
    block = block_of(page, "weather")
    expect(block.get_by_role("alert")).to_contain_text("A setting is missing")
    block.get_by_role("button", name="Fill it in").click()
    dialog = page.get_by_role("dialog", name="Settings of OpenWeatherMap")
    dialog.get_by_label("API key").fill(API_KEY)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("[data-secret=ok]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(block).to_have_attribute("data-status", "ready")


@pytest.mark.usefixtures("declared")
def test_a_failed_refresh_keeps_what_is_shown(frontend: Frontend, context: Any) -> None:
    frontend.watch.expected_errors = ["net::ERR_CONNECTION_REFUSED"]
    page = open_blocks(frontend, context.new_page(), WEATHER)
    block = block_of(page, "current")
    expect(block).to_have_attribute("data-status", "ready")
    frontend.server.stop()
    block.get_by_role("button", name="Fetch again").click()
    expect(block).to_have_attribute("data-status", "stale")
    expect(block).to_contain_text("4.2")
    expect(block).to_contain_text("The Patchbay server does not answer.")


@pytest.mark.usefixtures("declared")
def test_settings_show_errors_at_their_fields_and_say_what_was_saved(
    frontend: Frontend, context: Any
) -> None:
    frontend.watch.expected_errors = ["status of 422"]
    page = open_blocks(
        frontend, context.new_page(), '<patchbay-settings integration="open-meteo"></patchbay-settings>'
    )
    settings = page.locator("patchbay-settings")
    settings.get_by_label("Latitude").fill("123")
    settings.get_by_role("button", name="Save").click()
    expect(settings.locator("[data-field=latitude] .field-error")).not_to_be_empty()
    settings.get_by_label("Latitude").fill("38.7")
    settings.get_by_role("button", name="Save").click()
    expect(settings.get_by_role("status").filter(has_text="settings saved")).to_be_attached()
    expect(settings.get_by_label("Latitude")).to_have_value("38.7")


def open_gallery(frontend: Frontend, page: Page) -> Page:
    files = {path.name: path.read_text() for path in SITE.iterdir()}
    frontend.open(page, f"gallery.html?server={frontend.server.url}", files)
    page.locator(".uplot").nth(1).wait_for()
    page.locator(".sparkline").wait_for()
    page.locator("patchbay-settings form").wait_for()
    return page


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [1280, 360])
def test_every_kind_and_state_is_accessible_and_fits(
    frontend: Frontend, browser: Browser, scheme: Any, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, locale="en-GB", reduced_motion="reduce"
    )
    page = open_gallery(frontend, context.new_page())
    found = serious_violations(page)
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_markdown_is_drawn_without_what_could_harm(frontend: Frontend, context: Any) -> None:
    page = open_gallery(frontend, context.new_page())
    block = block_of(page, "markdown")
    expect(block.get_by_role("heading", name="Steps")).to_be_visible()
    expect(block.locator("strong")).to_have_text("the error")
    expect(block.get_by_role("cell", name="1")).to_be_attached()
    assert block.locator("img, script, style, form, input, [onerror]").count() == 0
    links = block.locator(".markdown a")
    hrefs = [link.get_attribute("href") for link in links.all()]
    assert hrefs == ["https://a.example/page", "https://pictures.example/x.png"]
    assert [link.get_attribute("rel") for link in links.all()] == ["noopener noreferrer"] * 2
    expect(block.get_by_text("bad")).to_be_attached()


def test_what_draws_markdown_and_charts_is_loaded_when_it_is_needed(frontend: Frontend, context: Any) -> None:
    page = context.new_page()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    open_blocks(frontend, page, '<patchbay-block integration="none" block="none"></patchbay-block>')
    frontend.watch.expected_errors = ["status of 404"]
    expect(page.locator("patchbay-block")).to_have_attribute("data-status", "error")
    chunks = ("/chunks/plot", "/chunks/markdown")
    assert not [url for url in loaded if any(chunk in url for chunk in chunks)]
    open_gallery(frontend, page)
    assert all(any(chunk in url for url in loaded) for chunk in chunks)


def test_a_table_that_is_wider_than_its_card_fades_out_and_keeps_its_first_column(
    frontend: Frontend, context: Any
) -> None:
    page = open_gallery(frontend, context.new_page())
    scroll = block_of(page, "wide").locator(".scroll")
    expect(scroll).to_have_attribute("data-more", "true")
    first = scroll.locator("tbody td").first
    before = first.bounding_box()
    scroll.evaluate("(place) => place.scrollTo({ left: 1e6 })")
    expect(scroll).to_have_attribute("data-more", "false")
    assert first.bounding_box() == before


def test_the_place_of_a_chart_has_its_size_before_the_chart_is_drawn(
    frontend: Frontend, context: Any
) -> None:
    page = context.new_page()
    page.route("**/chunks/plot*", lambda route: route.abort())
    frontend.watch.expected_errors = ["net::ERR_FAILED"]
    files = {path.name: path.read_text() for path in SITE.iterdir()}
    frontend.open(page, f"gallery.html?server={frontend.server.url}", files)
    place = block_of(page, "line").locator(".chart")
    place.get_by_text("between").wait_for()
    undrawn = place.bounding_box()
    page.unroute("**/chunks/plot*")
    page.reload()
    expect(place.locator(".uplot")).to_be_attached()
    drawn = place.bounding_box()
    assert undrawn is not None
    assert drawn is not None
    assert (undrawn["width"], undrawn["height"]) == (drawn["width"], drawn["height"])


def test_the_legend_of_a_chart_tells_what_is_pointed_at(frontend: Frontend, context: Any) -> None:
    page = open_gallery(frontend, context.new_page())
    chart = block_of(page, "bars").locator(".chart")
    expect(chart.locator(".legend-at")).to_have_text("")
    chart.locator(".u-over").hover(position={"x": 4, "y": 60})
    expect(chart.locator(".legend-at")).to_have_text("Fri 1 May")
    expect(chart.locator(".legend-value")).to_have_text("0 mm")


def test_a_figure_shows_its_last_day_and_other_ranges_on_demand(frontend: Frontend, context: Any) -> None:
    page = open_gallery(frontend, context.new_page())
    sparkline = block_of(page, "figure").get_by_role("button", name="History of Temperature")
    expect(sparkline).to_contain_text("3.83°C in 24 h")
    sparkline.click()
    dialog = page.get_by_role("dialog", name="History")
    dialog.locator(".uplot").wait_for()
    assert serious_violations(page) == []
    dialog.get_by_role("button", name="30 d").click()
    expect(dialog.get_by_role("button", name="30 d")).to_have_attribute("aria-pressed", "true")
    expect(dialog.get_by_role("img", name="Temperature")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(sparkline).to_be_focused()


@pytest.mark.usefixtures("declared")
def test_blocks_without_a_history_ask_for_none(frontend: Frontend, context: Any) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_blocks(frontend, page, WEATHER.replace("<patchbay-block", "<patchbay-block display='{}'"))
    block_of(page, "current").locator(".drawn > *").first.wait_for()
    assert not [url for url in asked if "history" in url]
