"""The notebook while a provider or the server itself is away, and when it opens for the very first time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from examples.sandbox import Sandbox
from tests.browser.conftest import Api, Watch
from tests.browser.notebooks import Notebook, block, card
from tests.browser.steps import choose
from tests.conftest import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

OWN_PLUGINS = {
    "notebook-board": "view",
    "notebook-list": "view",
    "notebook-page": "view",
    "notebook-daylight": "theme",
    "notebook-midnight": "theme",
    "notebook-paper": "theme",
    "notebook-forest": "theme",
    "notebook-contrast-light": "theme",
    "notebook-contrast-dark": "theme",
}


def weather() -> dict[str, Any]:
    return block("open-meteo/current", title="Lisbon", latitude=38.7, longitude=-9.1)


def test_the_first_visit_by_the_printed_link_declares_views_and_themes_and_a_second_one_changes_nothing(
    open_notebook: Callable[[], Page], api: Api
) -> None:
    page = open_notebook()
    assert "token" not in page.url
    expect(page.get_by_role("heading", name="What do you want to see?")).to_be_visible()
    page.get_by_role("button", name="Exchange rates").click()
    expect(page.locator("[data-key][data-status=ready]")).to_have_count(1)
    plugins = {plugin["id"]: plugin for plugin in api("GET", "/plugins?page_size=100")}
    assert {plugin["id"]: plugin["type"] for plugin in plugins.values()} == {
        **OWN_PLUGINS,
        "ecb-rates": "integration",
    }

    before = api("GET", "/plugins/ecb-rates")
    again = open_notebook()
    expect(again.locator("[data-key][data-status=ready]")).to_have_count(1)
    after = api("GET", "/plugins/ecb-rates")
    assert {**after, "last_seen_at": None} == {**before, "last_seen_at": None}


def test_a_block_keeps_its_data_and_says_why_they_are_old_while_the_provider_is_down(
    notebook: Notebook, sandbox: Sandbox
) -> None:
    item = weather()
    notebook.fill(item)
    shown = card(notebook.open(), item)
    expect(shown).to_have_attribute("data-status", "ready")
    sandbox.stop()
    shown.get_by_role("button", name="Fetch again").click()

    expect(shown).to_have_attribute("data-status", "stale")
    expect(shown).to_contain_text("The refresh failed")
    expect(shown).to_contain_text("4.2")
    expect(shown.get_by_role("button", name="Try again")).to_be_visible()


def test_a_block_that_never_worked_says_what_failed(
    notebook: Notebook, sandbox: Sandbox, watch: Watch
) -> None:
    watch.expected_errors = ["status of 502"]
    item = weather()
    notebook.fill(item)
    sandbox.stop()
    shown = card(notebook.open(), item)
    expect(shown.get_by_role("alert")).to_contain_text("The provider cannot be reached")
    expect(shown.get_by_role("button", name="Try again")).to_be_visible()


def test_what_is_changed_while_the_server_is_away_is_told_once_and_stays_on_the_page(
    notebook: Notebook, patchbay: RunningServer, watch: Watch
) -> None:
    watch.expected_errors = ["net::ERR_CONNECTION_REFUSED", "net::ERR_INCOMPLETE_CHUNKED_ENCODING"]
    item = weather()
    notebook.fill(item)
    page = notebook.open()
    shown = card(page, item)
    expect(shown).to_have_attribute("data-status", "ready")
    patchbay.stop()
    shown.get_by_role("button", name="Fetch again").click()
    expect(shown).to_contain_text("The Patchbay server does not answer")
    expect(shown).to_contain_text("4.2")

    page.clock.install()
    choose(page, "More for Lisbon", "Duplicate")
    expect(page.locator("[data-key]")).to_have_count(2)
    page.clock.run_for(1000)
    notices = page.get_by_role("status").filter(has_text="Not saved yet")
    expect(notices).to_be_visible()
    page.clock.run_for(60_000)
    expect(notices).to_have_count(0)
    expect(page.locator("[data-key]")).to_have_count(2)


def test_a_server_that_is_away_when_the_page_opens_is_told(notebook: Notebook, watch: Watch) -> None:
    watch.expected_errors = ["status of 500", "Failed to load resource"]
    page = notebook.open()
    page.route("**/api/v1/workspaces*", lambda route: route.abort())
    page.route("**/api/v1/workspaces/*/notebooks*", lambda route: route.abort())
    page.goto(notebook.address)
    expect(page.get_by_role("alert")).to_contain_text("The notebook cannot be opened")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="What do you want to see?")).to_be_visible()


def test_a_stranger_gets_no_gallery(patchbay: RunningServer, context: BrowserContext) -> None:
    for path in ("/notebook/gallery.json", "/notebook/plugins/open-meteo.json", "/notebook"):
        answer = context.request.get(patchbay.url + path, max_redirects=0)
        assert answer.status in {303, 401}
        assert "open-meteo" not in answer.text()
