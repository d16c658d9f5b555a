"""The console by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Api
from tests.browser.console.conftest import OpenConsole

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


MOST_TABS = 40


def tab_to(page: Page, wanted: Locator) -> None:
    """Presses Tab until it has the focus."""
    wanted.wait_for()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.and_(page.locator(":focus")).count():
            return
    expect(wanted).to_be_focused()


def test_the_keyboard_suffices_to_turn_an_integration_off_and_to_set_it(
    open_console: OpenConsole, declare: Callable[..., Any], api: Api
) -> None:
    declare("open-meteo")
    page = open_console("/console")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    tab_to(page, page.get_by_role("link", name="Integrations"))
    page.keyboard.press("Enter")
    # The focus is at the beginning of the new page, not in the menu any more.
    expect(page.locator("#contents")).to_be_focused()
    tab_to(page, page.get_by_role("searchbox", name="Search integrations"))
    page.keyboard.type("meteo")
    switch = page.get_by_role("switch", name="Open-Meteo is on")
    tab_to(page, switch)
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "false")
    assert api("GET", "/integrations/open-meteo")["enabled"] is False
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "true")

    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("link", name="Open-Meteo")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Latitude"))
    page.keyboard.press("Control+a")
    page.keyboard.type("59.9")
    tab_to(page, page.get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("saved.")).to_be_visible()
    assert api("GET", "/integrations/open-meteo/config")["config"]["latitude"] == 59.9
