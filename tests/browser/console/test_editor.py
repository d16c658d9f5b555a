"""The editor of manifests completes what the JSON Schema knows, and explains it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.console.conftest import OpenConsole

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_names_and_values_are_completed_in_json_and_in_yaml(open_console: OpenConsole) -> None:
    page = open_console("/console/add")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    editor = page.get_by_role("textbox", name="Manifest")
    editor.click()
    assert not [url for url in asked if "/manifests/schema" in url]
    offers = page.get_by_role("listbox").get_by_role("option")

    page.keyboard.type('{"ty')
    expect(offers.first).to_contain_text("type")
    expect(offers.first).to_contain_text("required")
    offers.first.click()
    page.keyboard.type('"inte')
    expect(offers.first).to_contain_text("integration")
    offers.first.click()
    expect(editor).to_have_text('{"type": "integration"}')
    page.get_by_text('"type"').first.hover()
    expect(page.locator(".cm-tooltip-hover")).to_contain_text("one of view, theme, integration")
    assert len([url for url in asked if "/manifests/schema" in url]) == 1

    page.keyboard.press("Control+a")
    page.keyboard.press("Backspace")
    page.keyboard.type("endpoints:\n- id: now\nmeth")
    expect(offers.first).to_contain_text("method")
    offers.first.click()
    page.keyboard.type("PO")
    expect(offers.first).to_contain_text("POST")
    page.keyboard.press("Escape")
    expect(offers).to_have_count(0)
    # Tab leaves the editor, whatever is offered in it.
    page.keyboard.press("Tab")
    expect(editor).not_to_be_focused()
