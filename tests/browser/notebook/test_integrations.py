"""The panel of integrations: their settings, their switch, and what their removal takes along."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from examples.sandbox.providers.openweathermap import API_KEY
from tests.browser.conftest import Watch
from tests.browser.notebooks import Notebook, block, card
from tests.browser.steps import add_block, close_panel, enter_key, open_settings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def menu_of(page: Page, integration: str, name: str) -> None:
    row = page.locator(f"[data-integration-row='{integration}']")
    row.get_by_role("button", name="More for").click()
    page.get_by_role("menuitem", name=re.compile(name)).click()


def open_panel(page: Page) -> None:
    page.get_by_role("button", name="Integrations", exact=True).click()


def test_changed_settings_draw_the_blocks_anew(notebook: Notebook) -> None:
    item = block("open-meteo/current", latitude=38.7, longitude=-9.1)
    notebook.fill(item)
    page = notebook.open()
    expect(card(page, item)).to_contain_text("4.2")

    settings = open_settings(page, "Open-Meteo")
    settings.get_by_label("Temperature in").select_option(label="fahrenheit")
    settings.get_by_role("button", name="Save").click()
    expect(settings.get_by_role("status").filter(has_text="settings saved")).to_be_attached()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("dialog", name="Integrations")).to_be_visible()
    close_panel(page)
    expect(card(page, item)).to_contain_text("39.6")


def test_a_missing_setting_leads_from_its_block_to_its_field(notebook: Notebook, watch: Watch) -> None:
    watch.expected_errors = ["status of 409"]
    item = block("openweathermap/weather", location="Berlin,DE")
    notebook.fill(item)
    page = notebook.open()
    card(page, item).get_by_role("button", name="Fill it in").click()
    expect(page.locator("[data-secret=unset]")).to_be_visible()
    enter_key(page, API_KEY)
    close_panel(page)
    expect(card(page, item)).to_contain_text("broken clouds")


def test_a_setting_that_is_not_right_is_told_at_its_field(notebook: Notebook, watch: Watch) -> None:
    watch.expected_errors = ["status of 422"]
    notebook.declare("open-meteo")
    page = notebook.open()
    settings = open_settings(page, "Open-Meteo")
    settings.get_by_label("Latitude").fill("123")
    settings.get_by_role("button", name="Save").click()
    expect(settings.get_by_label("Latitude")).to_have_attribute("aria-invalid", "")
    expect(settings.get_by_label("Latitude")).to_be_focused()
    assert notebook.api("GET", "/integrations/open-meteo/config")["config"]["latitude"] == 52.52


def test_a_secret_is_deleted_at_the_second_press(notebook: Notebook) -> None:
    def is_set() -> bool:
        return notebook.api("GET", "/integrations/openweathermap/config")["secrets"]["api_key"]["set"]

    notebook.declare("openweathermap")
    page = notebook.open()
    open_settings(page, "OpenWeatherMap")
    enter_key(page, API_KEY)
    page.get_by_role("button", name="Delete", exact=True).click()
    assert is_set()
    page.get_by_role("button", name="Delete it for good?").click()
    expect(page.locator("[data-secret=unset]")).to_be_visible()
    assert not is_set()


def test_an_integration_that_is_turned_off_is_turned_on_from_its_block(
    notebook: Notebook, watch: Watch
) -> None:
    watch.expected_errors = ["status of 403"]
    item = block("open-meteo/current", latitude=38.7, longitude=-9.1)
    notebook.fill(item)
    page = notebook.open()
    expect(card(page, item)).to_have_attribute("data-status", "ready")
    open_panel(page)
    menu_of(page, "open-meteo", "Turn off")
    expect(page.locator("[data-integration-row='open-meteo']")).to_contain_text("Off")
    close_panel(page)
    assert notebook.api("GET", "/integrations/open-meteo")["enabled"] is False

    card(page, item).get_by_role("button", name="Turn it on").click()
    expect(card(page, item)).to_have_attribute("data-status", "ready")
    assert notebook.api("GET", "/integrations/open-meteo")["enabled"] is True


def test_a_removed_integration_says_what_is_lost_and_does_not_come_back(notebook: Notebook) -> None:
    notebook.fill(
        block("anilist/trending"), block("anilist/trending", title="Again"), block("open-meteo/current")
    )
    page = notebook.open()
    expect(page.locator("[data-key][data-status=ready]")).to_have_count(3)
    open_panel(page)
    menu_of(page, "anilist", "Remove")
    question = page.get_by_role("alertdialog", name="Remove AniList?")
    expect(question).to_contain_text("its 2 blocks in this notebook")
    question.get_by_role("button", name="Keep it").click()
    expect(question).to_have_count(0)

    menu_of(page, "anilist", "Remove")
    question.get_by_role("button", name="Remove AniList").click()
    expect(page.locator("[data-integration-row='anilist']")).to_have_count(0)
    close_panel(page)
    expect(page.locator("[data-key] h3")).to_have_count(1)
    page.reload()
    expect(page.locator("[data-key][data-status=ready]")).to_have_count(1)
    listed = notebook.api("GET", "/integrations?page_size=100")
    assert "anilist" not in {integration["id"] for integration in listed}

    add_block(page, "anilist/trending")
    expect(page.locator("[data-key][integration=anilist]")).to_have_attribute("data-status", "ready")


def test_settings_show_no_address_that_the_fields_below_make_up(notebook: Notebook) -> None:
    notebook.declare("syncthing")
    settings = open_settings(notebook.open(), "Syncthing")
    expect(settings.get_by_text("Version 1.0.0", exact=True)).to_be_visible()


def test_a_secret_that_the_sandbox_takes_is_never_filled_in(notebook: Notebook) -> None:
    notebook.declare("openweathermap")
    declared = notebook.api("GET", "/integrations/openweathermap")["properties"]
    assert "default" not in next(item for item in declared if item["name"] == "api_key")
    assert API_KEY not in str(notebook.api("GET", "/integrations/openweathermap/config"))
    settings = open_settings(notebook.open(), "OpenWeatherMap")
    expect(settings.get_by_label("API key")).to_have_value("")
