"""The example frontend in a real browser: what a user sees, and which requests the server received."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from examples.sandbox import Sandbox
from examples.sandbox.providers.openweathermap import API_KEY
from tests.browser.conftest import Api, Watch
from tests.browser.steps import add_block, close_drawer, enter_key, open_settings
from tests.conftest import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

OpenNotebook = Callable[[], Page]

OWN_PLUGINS = {
    "github": "integration",
    "link-preview": "integration",
    "open-meteo": "integration",
    "openweathermap": "integration",
    "rss-feed": "integration",
    "syncthing": "integration",
    "theme-daylight": "theme",
    "theme-midnight": "theme",
    "view-cards": "view",
    "view-list": "view",
}
CONFLICT = "status of 409"
BAD_GATEWAY = "status of 502"
FORBIDDEN = "status of 403"


def test_the_first_visit_by_the_printed_link_declares_the_plugins(
    open_notebook: OpenNotebook, api: Api
) -> None:
    page = open_notebook()

    assert "token" not in page.url
    assert {plugin["id"]: plugin["type"] for plugin in api("GET", "/plugins?page_size=100")} == OWN_PLUGINS
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_two_tabs_show_one_notebook_and_lose_nothing_of_each_other(open_notebook: OpenNotebook) -> None:
    one, other = open_notebook(), open_notebook()
    add_block(one, "open-meteo/current", {"Latitude": "38.7"})
    add_block(other, "open-meteo/current", {"Latitude": "59.9"})
    add_block(one, "open-meteo/current", {"Latitude": "60.4"})
    one.get_by_role("radio", name="List").check()

    for page in (one, other):
        for latitude in ("38.7", "59.9", "60.4"):
            block = page.locator("[data-integration='open-meteo']", has_text=latitude)
            expect(block).to_have_attribute("data-state", "ready")
        expect(page.get_by_role("radio", name="List")).to_be_checked()

    block = other.locator("[data-integration='open-meteo']", has_text="59.9")
    block.get_by_role("button", name="Remove block").click()
    expect(one.locator("[data-integration='open-meteo']")).to_have_count(2)
    one.reload()
    expect(one.locator("[data-integration='open-meteo']")).to_have_count(2)


def test_a_second_visit_changes_nothing_in_the_store(open_notebook: OpenNotebook, api: Api) -> None:
    open_notebook()
    before = api("GET", "/plugins/github")
    open_notebook()

    after = api("GET", "/plugins/github")
    assert {**after, "last_seen_at": None} == {**before, "last_seen_at": None}


def test_a_secret_is_entered_and_the_block_shows_live_data_then_kept_data(
    open_notebook: OpenNotebook, sandbox: Sandbox, api: Api, watch: Watch
) -> None:
    watch.expected_errors = [CONFLICT]
    page = open_notebook()
    block = add_block(page, "openweathermap/weather", {"Place": "Berlin,DE"})
    expect(block).to_have_attribute("data-code", "settings_incomplete")

    block.get_by_role("button", name="Fill it in").click()
    expect(page.locator("[data-secret=unset]")).to_be_visible()
    enter_key(page, API_KEY)
    close_drawer(page)

    expect(block).to_have_attribute("data-state", "ready")
    expect(block).to_have_attribute("data-cache", "MISS")
    expect(block).to_contain_text("broken clouds")
    expect(block).to_contain_text("Berlin")
    assert API_KEY not in page.content()
    assert api("GET", "/integrations/openweathermap/config")["secrets"]["api_key"]["set"] is True

    calls = len(sandbox.requests("/openweathermap"))
    again = open_notebook().locator("[data-block=weather]")
    expect(again).to_have_attribute("data-cache", "HIT")
    expect(again).to_contain_text("broken clouds")
    assert len(sandbox.requests("/openweathermap")) == calls


def test_fetch_again_asks_the_provider(open_notebook: OpenNotebook, sandbox: Sandbox) -> None:
    page = open_notebook()
    block = add_block(page, "open-meteo/current")
    expect(block).to_have_attribute("data-cache", "MISS")
    calls = len(sandbox.requests("/open-meteo"))

    block.hover()
    block.get_by_role("button", name="Fetch again").click()

    expect(block).to_have_attribute("data-cache", "BYPASS")
    assert len(sandbox.requests("/open-meteo")) == calls + 1


def test_a_block_is_stale_with_its_cause_while_the_provider_is_down(
    open_notebook: OpenNotebook, sandbox: Sandbox
) -> None:
    page = open_notebook()
    block = add_block(page, "open-meteo/current")
    expect(block).to_have_attribute("data-state", "ready")
    sandbox.stop()

    block.hover()
    block.get_by_role("button", name="Fetch again").click()

    expect(block).to_have_attribute("data-state", "stale")
    expect(block).to_have_attribute("data-cache", "STALE")
    expect(block).to_have_attribute("data-code", "upstream_unreachable")
    expect(block).to_contain_text("The refresh failed")
    expect(block).to_contain_text("4.2°")
    expect(block.get_by_role("button", name="Try again")).to_be_visible()


def test_a_block_that_never_worked_says_what_failed(
    open_notebook: OpenNotebook, sandbox: Sandbox, watch: Watch
) -> None:
    watch.expected_errors = [BAD_GATEWAY]
    page = open_notebook()
    sandbox.stop()
    block = add_block(page, "open-meteo/current")

    expect(block).to_have_attribute("data-state", "error")
    expect(block).to_contain_text("The provider cannot be reached")
    expect(block.locator("code", has_text="upstream_unreachable")).to_be_visible()


def test_a_wrong_key_leads_back_to_the_key(open_notebook: OpenNotebook, watch: Watch) -> None:
    watch.expected_errors = [CONFLICT, BAD_GATEWAY]
    page = open_notebook()
    block = add_block(page, "openweathermap/weather", {"Place": "Berlin,DE"})
    block.get_by_role("button", name="Fill it in").click()
    enter_key(page, "a-wrong-key")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("[data-outcome=bad]")).to_be_visible()
    close_drawer(page)

    expect(block).to_contain_text("The provider refused")
    block.get_by_role("button", name="Check the key").click()
    page.get_by_label("API key").fill(API_KEY)
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("[data-outcome=good]")).to_be_visible()


def test_a_secret_is_deleted_at_the_second_press(open_notebook: OpenNotebook, api: Api) -> None:
    page = open_notebook()
    open_settings(page, "OpenWeatherMap")
    enter_key(page, API_KEY)

    page.get_by_role("button", name="Delete", exact=True).click()
    assert api("GET", "/integrations/openweathermap/config")["secrets"]["api_key"]["set"] is True
    page.get_by_role("button", name="Delete it for good?").click()

    expect(page.locator("[data-secret=unset]")).to_be_visible()
    assert api("GET", "/integrations/openweathermap/config")["secrets"]["api_key"]["set"] is False


def test_a_setting_that_is_not_right_is_told_at_its_field(
    open_notebook: OpenNotebook, api: Api, watch: Watch
) -> None:
    watch.expected_errors = ["status of 422"]
    page = open_notebook()
    settings = open_settings(page, "Open-Meteo")
    settings.get_by_label("Latitude").fill("123")
    settings.get_by_role("button", name="Save").click()

    expect(settings.get_by_label("Latitude")).to_have_attribute("aria-invalid", "")
    expect(settings.get_by_label("Latitude")).to_be_focused()
    assert api("GET", "/integrations/open-meteo/config")["config"]["latitude"] == 52.52


def test_changed_settings_draw_the_blocks_anew(open_notebook: OpenNotebook) -> None:
    page = open_notebook()
    block = add_block(page, "open-meteo/current")
    expect(block).to_contain_text("4.2°")

    settings = open_settings(page, "Open-Meteo")
    settings.get_by_label("Temperature in").select_option(label="fahrenheit")
    settings.get_by_role("button", name="Save").click()
    close_drawer(page)

    expect(block).to_contain_text("39.6°")
    expect(block).to_have_attribute("data-cache", "MISS")


def test_an_integration_that_is_off_can_be_turned_on_from_its_block(
    open_notebook: OpenNotebook, api: Api, watch: Watch
) -> None:
    watch.expected_errors = [FORBIDDEN]
    page = open_notebook()
    block = add_block(page, "open-meteo/current")
    page.get_by_role("button", name="Plugins", exact=True).click()
    page.get_by_role("switch", name="Open-Meteo is on").uncheck()
    expect(block).to_have_attribute("data-code", "plugin_disabled")
    assert api("GET", "/integrations/open-meteo")["enabled"] is False
    close_drawer(page)

    block.get_by_role("button", name="Turn it on").click()
    expect(block).to_have_attribute("data-state", "ready")
    assert api("GET", "/integrations/open-meteo")["enabled"] is True


def test_a_pasted_address_finds_its_block(open_notebook: OpenNotebook) -> None:
    page = open_notebook()
    open_settings(page, "GitHub")
    page.get_by_label("Access token").fill("sandbox-github-token")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-secret=ok]")).to_be_visible()
    close_drawer(page)

    page.get_by_role("button", name="Add block", exact=True).click()
    page.get_by_label("Paste an address").fill("https://github.com/octocat/hello-world/issues/42")
    page.locator(".found [data-offer='github/issue']").click()
    expect(page.get_by_label("Address")).to_have_value("https://github.com/octocat/hello-world/issues/42")
    page.get_by_role("button", name="Add", exact=True).click()

    title = page.get_by_role("link", name="The weather card shows yesterday")
    expect(title).to_have_attribute("href", "https://github.com/octocat/hello-world/issues/42")
    expect(title).to_have_attribute("rel", "noopener noreferrer")


def test_view_and_theme_switch_at_once_without_asking_anyone(
    open_notebook: OpenNotebook, sandbox: Sandbox
) -> None:
    page = open_notebook()
    block = add_block(page, "open-meteo/current")
    expect(block).to_have_attribute("data-state", "ready")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.get_by_label("List").check()
    page.get_by_label("Midnight").check()

    expect(page.locator("ol.view-list .block")).to_contain_text("4.2°")
    expect(page.locator("html")).to_have_attribute("data-theme", "theme-midnight")
    expect(page.locator("body")).to_have_css("background-color", "rgb(16, 20, 29)")
    assert asked == []

    page.reload()
    expect(page.locator("ol.view-list .block")).to_contain_text("4.2°")
    expect(page.locator("html")).to_have_attribute("data-theme", "theme-midnight")


def test_inputs_are_changed_and_a_removed_block_stays_away(open_notebook: OpenNotebook) -> None:
    page = open_notebook()
    block = add_block(page, "open-meteo/daily", {"Days": "2"})
    expect(block.locator("tbody tr")).to_have_count(2)

    block.hover()
    block.get_by_role("button", name="Change inputs").click()
    page.locator("form").get_by_label("Days").fill("4")
    page.get_by_role("button", name="Save").click()
    expect(block.locator("tbody tr")).to_have_count(4)

    block.hover()
    block.get_by_role("button", name="Remove block").click()
    expect(page.locator(".block")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_blocks_are_reached_by_keyboard(open_notebook: OpenNotebook) -> None:
    page = open_notebook()
    first = add_block(page, "open-meteo/current")
    second = add_block(page, "open-meteo/daily")
    first.focus()

    page.keyboard.press("j")
    expect(second).to_be_focused()
    page.keyboard.press("k")
    expect(first).to_be_focused()


def test_what_this_browser_remembered_wrongly_does_not_close_the_notebook(
    open_notebook: OpenNotebook,
) -> None:
    page = open_notebook()
    add_block(page, "open-meteo/current")
    page.evaluate('localStorage.setItem(Object.keys(localStorage)[0], \'{"blocks": [{}, 7], "view": []\')')

    page.reload()

    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_a_server_that_went_away_is_told_from_a_provider_that_failed(
    open_notebook: OpenNotebook, patchbay: RunningServer, watch: Watch
) -> None:
    watch.expected_errors = ["net::ERR_CONNECTION_REFUSED"]
    page = open_notebook()
    block = add_block(page, "open-meteo/current")
    expect(block).to_have_attribute("data-state", "ready")
    patchbay.stop()

    block.hover()
    block.get_by_role("button", name="Fetch again").click()

    expect(block).to_have_attribute("data-code", "network")
    expect(block).to_contain_text("Patchbay does not answer")


@pytest.mark.parametrize("width", [360, 768, 1600])
def test_nothing_sticks_out_at_any_width(open_notebook: OpenNotebook, width: int) -> None:
    page = open_notebook()
    page.set_viewport_size({"width": width, "height": 800})
    for offer in ("open-meteo/current", "open-meteo/daily"):
        expect(add_block(page, offer)).to_have_attribute("data-state", "ready")

    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_stranger_gets_no_list_of_plugins(patchbay: RunningServer, open_notebook: OpenNotebook) -> None:
    page = open_notebook()
    page.context.clear_cookies()
    answer = page.request.get(f"{patchbay.url}/notebook/plugins.json", max_redirects=0)

    assert answer.status in {303, 401}
    assert "open-meteo" not in answer.text()


def test_the_sandbox_never_fills_a_secret_in(open_notebook: OpenNotebook, api: Api) -> None:
    open_notebook()

    declared = api("GET", "/integrations/openweathermap")["properties"]
    key = next(item for item in declared if item["name"] == "api_key")
    assert "default" not in key
    assert API_KEY not in json.dumps(api("GET", "/integrations/openweathermap/config"))


def test_seconds_since_1970_that_a_manifest_declares_are_read_as_moments(
    open_notebook: OpenNotebook, api: Api
) -> None:
    page = open_notebook()
    api("PUT", "/integrations/openweathermap/secrets/api_key", {"value": API_KEY})
    block = add_block(page, "openweathermap/forecast", {"Place": "Tokyo"})

    expect(block.locator("td time").first).to_have_attribute("datetime", "2026-01-01T15:00:00.000Z")
    expect(block).not_to_contain_text("1,767")


def test_settings_show_no_address_that_the_fields_below_make_up(open_notebook: OpenNotebook) -> None:
    settings = open_settings(open_notebook(), "Syncthing")

    expect(settings.locator(".settings-origin")).to_have_text("Version 1.0.0")
