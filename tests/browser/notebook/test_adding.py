"""How a person fills a notebook: from the welcome, by an address, from the gallery."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from examples.sandbox import Sandbox
from examples.sandbox.providers.openweathermap import API_KEY
from tests.browser.conftest import Watch
from tests.browser.notebooks import Notebook, block
from tests.browser.steps import add_block, choose_offer, close_panel, enter_inputs

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def drawn(page: Page, offer: str) -> None:
    integration, block_id = offer.split("/")
    place = page.locator(f"[data-key][integration='{integration}'][block='{block_id}']")
    expect(place).to_have_attribute("data-status", "ready")


def test_the_weather_of_a_place_is_found_by_its_name_and_without_a_key(notebook: Notebook) -> None:
    page = notebook.open()
    expect(page.get_by_role("heading", name="What do you want to see?")).to_be_visible()

    page.get_by_role("button", name="The weather").click()
    page.get_by_label("Find a place").fill("Lisbon")
    page.locator(".place-search").get_by_role("button", name="Lisbon").click()

    for offer in ("open-meteo/current", "open-meteo/daily"):
        drawn(page, offer)
    expect(page.get_by_role("heading", name="Lisbon", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="What do you want to see?")).to_have_count(0)


def test_the_weather_of_coordinates_is_shown_before_it_is_added(notebook: Notebook) -> None:
    page = notebook.open()
    panel = choose_offer(page, "open-meteo/current")
    enter_inputs(panel, {"Latitude": "59.9", "Longitude": "10.7"})
    panel.get_by_role("button", name="Show a preview").click()
    preview = panel.locator("patchbay-block")
    expect(preview).to_have_attribute("data-status", "ready")
    expect(preview).to_contain_text("59.9 · 10.7")

    panel.get_by_role("button", name="Add to the notebook").click()
    drawn(page, "open-meteo/current")
    assert [item["inputs"] for item in notebook_items(notebook, 1)] == [{"latitude": 59.9, "longitude": 10.7}]


def notebook_items(notebook: Notebook, count: int) -> list[dict]:
    """What is kept once it is so many items; another tab finds them."""
    page = notebook.open()
    expect(page.locator("[data-key]")).to_have_count(count)
    return notebook.kept()["items"]


def test_a_feed_is_added_by_the_address_that_was_pasted(notebook: Notebook, sandbox: Sandbox) -> None:
    address = f"{sandbox.url}/rss-feed/feed.xml"
    page = notebook.open()
    page.get_by_label("Paste an address").fill(address)
    page.get_by_role("button", name="Show it").click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_text("This address can be shown as")).to_be_visible()
    panel.locator("[data-offer='rss-feed/entries']").click()
    expect(panel.locator("patchbay-inputs input").first).to_have_value(address)
    panel.get_by_role("button", name="Add to the notebook").click()
    drawn(page, "rss-feed/entries")


def test_exchange_rates_take_one_press(notebook: Notebook) -> None:
    page = notebook.open()
    page.get_by_role("button", name="Exchange rates").click()
    drawn(page, "ecb-rates/rates")


def test_an_integration_that_needs_a_key_asks_for_it_first_and_says_whether_it_is_right(
    notebook: Notebook,
) -> None:
    page = notebook.open()
    panel = choose_offer(page, "openweathermap")
    settings = panel.locator("patchbay-settings")
    settings.get_by_label("API key").fill("a-wrong-key")
    settings.get_by_role("button", name="Test connection").click()
    expect(settings.locator("[data-outcome=bad]")).to_be_visible()
    settings.get_by_label("API key").fill(API_KEY)
    settings.get_by_role("button", name="Test connection").click()
    expect(settings.locator("[data-outcome=good]")).to_be_visible()
    settings.get_by_role("button", name="Save").click()
    expect(settings.locator("[data-secret=ok]")).to_be_visible()

    panel.get_by_role("button", name="Go on to the blocks").click()
    panel.locator("[data-offer='openweathermap/weather']").click()
    enter_inputs(panel, {"Place": "Berlin,DE"})
    panel.get_by_role("button", name="Add to the notebook").click()

    shown = page.locator("[data-key][block=weather]")
    expect(shown).to_have_attribute("data-status", "ready")
    expect(shown).to_contain_text("broken clouds")
    assert API_KEY not in page.content()
    assert notebook.api("GET", "/integrations/openweathermap/config")["secrets"]["api_key"]["set"] is True


def test_a_block_whose_key_is_wrong_leads_to_the_key(notebook: Notebook, watch: Watch) -> None:
    watch.expected_errors = ["status of 502"]
    weather = block("openweathermap/weather", location="Berlin,DE")
    notebook.fill(weather)
    notebook.api("PUT", "/integrations/openweathermap/secrets/api_key", {"value": "a-wrong-key"})
    page = notebook.open()
    shown = page.locator("[data-key][block=weather]")
    expect(shown.get_by_role("alert")).to_contain_text("The provider refused")
    shown.get_by_role("button", name="Check the key").click()

    settings = page.locator("patchbay-settings")
    settings.get_by_label("API key").fill(API_KEY)
    settings.get_by_role("button", name="Save").click()
    expect(settings.get_by_role("status").filter(has_text="settings saved")).to_be_attached()
    close_panel(page)
    expect(shown).to_have_attribute("data-status", "ready")


def test_the_gallery_is_searched_and_says_what_each_needs(notebook: Notebook) -> None:
    unmarked = {"id": "unmarked", "name": "Without a mark", "version": "1.0.0", "type": "integration"}
    section = {"integration": {"base_url": "http://127.0.0.1:9"}}
    notebook.api("POST", "/plugins/register", {**unmarked, "manifest": section})
    page = notebook.open()
    page.get_by_role("button", name="Add block", exact=True).click()
    panel = page.get_by_role("dialog")
    offers = panel.locator("[data-offer]")
    expect(panel.get_by_role("heading", name="Work at once")).to_be_visible()
    assert offers.count() > 31
    expect(panel.locator("[data-offer=openweathermap]")).to_contain_text("Needs: API key")
    # Beside each name there is a place for a mark; it is loaded when it comes into view.
    expect(offers.filter(has_not=page.locator(".service-icon > *"))).to_have_count(0)
    expect(panel.locator("[data-offer=anilist] [data-mark=icon]")).to_be_visible()

    panel.get_by_label("Search").fill("Without A Mark")
    expect(panel.locator("[data-offer=unmarked] [data-mark=initials]")).to_have_text("WA")
    panel.get_by_label("Search").fill("torrents speed")
    expect(panel.locator("[data-offer=transmission]")).to_be_visible()
    expect(panel.locator("[data-offer=github]")).to_have_count(0)
    panel.get_by_label("Search").fill("no such thing")
    expect(panel.get_by_text("Nothing is found")).to_be_visible()


def test_an_address_that_nothing_knows_is_told(notebook: Notebook) -> None:
    page = notebook.open()
    page.get_by_label("Paste an address").fill("https://github.com/octocat/hello-world/issues/42")
    page.get_by_role("button", name="Show it").click()
    panel = page.get_by_role("dialog")
    expect(panel.locator("[data-offer='github/issue']")).to_be_visible()
    panel.get_by_label("Search").fill("https://")
    expect(panel.get_by_text(re.compile("This address can be shown as"))).to_have_count(0)


def test_a_pasted_address_is_an_input_and_its_parts_are_not_asked_for(notebook: Notebook) -> None:
    address = "https://github.com/octocat/hello-world/issues/42"
    notebook.declare("github")
    notebook.api("PUT", "/integrations/github/secrets/access_token", {"value": "sandbox-github-token"})
    page = notebook.open()
    page.get_by_role("button", name="Add block", exact=True).click()
    panel = page.get_by_role("dialog")
    panel.get_by_label("Search").fill(address)
    panel.locator("[data-offer='github/issue']").click()
    expect(panel.locator("patchbay-inputs [data-field]")).to_have_count(1)
    expect(panel.locator("patchbay-inputs input").first).to_have_value(address)
    panel.get_by_role("button", name="Add to the notebook").click()

    title = page.locator("[data-key][block=issue]").get_by_role(
        "link", name="The weather card shows yesterday"
    )
    expect(title).to_have_attribute("href", address)
    expect(title).to_have_attribute("rel", "noopener noreferrer")


def test_what_was_added_is_there_in_another_browser(
    notebook: Notebook, other_context: BrowserContext
) -> None:
    page = notebook.open()
    add_block(page, "open-meteo/current", {"Latitude": "48.1"})
    drawn(page, "open-meteo/current")
    expect(page.locator("[data-key]")).to_contain_text("48.1")

    other = notebook.open(other_context)
    expect(other.locator("[data-key]")).to_contain_text("48.1")
    drawn(other, "open-meteo/current")
