"""The schedule in the console."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from examples.sandbox import Sandbox
from tests.browser.conftest import Api
from tests.browser.console.conftest import OpenConsole

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_a_schedule_is_pinned_paused_run_and_removed(
    open_console: OpenConsole, declare: Callable[..., Any], api: Api, sandbox: Sandbox
) -> None:
    declare("open-meteo")
    page = open_console("/console/schedule")
    page.get_by_role("button", name="Pin a block").first.click()
    page.get_by_label("Integration").select_option("open-meteo")
    page.get_by_label("Latitude").fill("38.7")
    page.get_by_label("Longitude").fill("-9.1")
    page.get_by_role("button", name="Pin", exact=True).click()
    row = page.locator("[data-job]")
    expect(row).to_contain_text("pinned")
    before = len(sandbox.data_requests("/open-meteo"))
    row.get_by_role("button", name="More for").click()
    page.get_by_role("menuitem", name="Run now").click()
    expect(page.get_by_text("was run: fetched.")).to_be_visible()
    expect(row.get_by_role("cell").filter(has_text="fetched")).to_contain_text(re.compile("now|second"))
    assert len(sandbox.data_requests("/open-meteo")) > before
    assert api("GET", "/prefetch")[0]["last_outcome"] == "fetched"

    for action, state in (("Pause", "paused"), ("Resume", "scheduled")):
        row.get_by_role("button", name="More for").click()
        page.get_by_role("menuitem", name=action).click()
        expect(page.get_by_text("is paused." if action == "Pause" else "is scheduled again.")).to_be_visible()
        assert api("GET", "/prefetch")[0]["state"] == state
    row.get_by_role("button", name="More for").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="Nothing is scheduled")).to_be_visible()
