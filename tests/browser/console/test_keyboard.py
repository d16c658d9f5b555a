"""The console by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Api
from tests.browser.console.conftest import OpenConsole

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_the_keyboard_suffices_to_turn_an_integration_off(
    open_console: OpenConsole, declare: Callable[..., Any], api: Api
) -> None:
    declare("open-meteo")
    page = open_console("/console")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.get_by_role("link", name="Integrations").focus()
    page.keyboard.press("Enter")
    page.get_by_role("searchbox", name="Search integrations").focus()
    page.keyboard.type("meteo")
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("switch", name="Open-Meteo is on")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("switch", name="Open-Meteo is on")).to_have_attribute("aria-checked", "false")
    assert api("GET", "/integrations/open-meteo")["enabled"] is False
