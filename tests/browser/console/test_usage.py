"""Usage in the console: who fails, who is slow, and since when."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from examples.sandbox import Sandbox
from integrations.usage.call_log import CallLog, CallRecord
from tests.browser.conftest import Api
from tests.browser.console.conftest import OpenConsole
from tests.conftest import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

HOUR, DAY = 3600, 86400


def test_failed_calls_are_found_by_integration(
    open_console: OpenConsole, declare: Callable[..., Any], api: Api, sandbox: Sandbox
) -> None:
    declare("open-meteo")
    declare("openweathermap", is_set_up=False)
    api("PUT", "/integrations/openweathermap/config", {"config": {"api_key": "wrong-key-0123456789"}})
    api(
        "POST",
        "/integrations/open-meteo/render",
        {"block_type": "current", "parameters": {"latitude": 1, "longitude": 1}},
    )
    api("POST", "/integrations/openweathermap/test", {})
    page = open_console("/console/usage")
    expect(page.locator("[data-usage=openweathermap]")).to_contain_text("OpenWeatherMap")
    page.get_by_role("button", name="OpenWeatherMap", exact=True).click()
    expect(page.get_by_role("img", name="Durations of calls of OpenWeatherMap over time")).to_be_visible()
    page.get_by_role("navigation", name="Pages of the usage").get_by_role("link", name="Calls").click()
    page.get_by_label("Outcome").select_option("Failed")
    expect(page.locator("[data-call]")).to_have_count(1)
    expect(page.locator("[data-call]")).to_contain_text("openweathermap")
    page.get_by_role("button", name="Details of the call").click()
    request_id = api("GET", "/calls?outcome=failed")[0]["request_id"]
    expect(page.get_by_role("dialog")).to_contain_text(request_id)
    page.get_by_role("button", name="Show the calls of this request").click()
    expect(page.get_by_text(f"Only calls of the request {request_id}.")).to_be_visible()
    expect(page.locator("[data-call]")).to_have_count(1)
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("[data-call]")).to_have_count(2)


def log_calls(call_log: CallLog, at: float, duration_ms: float) -> None:
    for _ in range(10):
        call_log.record(
            CallRecord(at, 1, "openweathermap", "current", None, "live", 200, duration_ms, 900, None)
        )


def test_the_provider_that_is_slow_is_found_with_the_hour_since_when(
    open_console: OpenConsole, declare: Callable[..., Any], patchbay: RunningServer
) -> None:
    declare("openweathermap")
    declare("open-meteo")
    call_log = patchbay.app.extensions["patchbay"].usage.call_log
    now = time.time()
    for days in range(1, 8):
        log_calls(call_log, now - days * DAY - 4 * HOUR, 80.0)
    for hours in range(3):
        log_calls(call_log, now - hours * HOUR, 900.0)
    call_log.flush()

    page = open_console()
    since = page.evaluate(
        "at => new Date(at).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'})",
        int(now // HOUR - 2) * HOUR * 1000,
    )
    task = page.locator("[data-task=usage]")
    # Just after midnight the day is told, too.
    expect(task).to_contain_text("Slower since")
    expect(task).to_contain_text("OpenWeatherMap")
    expect(task).to_contain_text(since)
    task.get_by_role("link").click()
    note = page.locator("[data-slower=true]")
    expect(note).to_contain_text(since)
    expect(note).to_contain_text("Half of the calls take up to 900 ms (usually 80 ms)")
    durations = page.get_by_role("img", name="Durations of calls of OpenWeatherMap over time")
    expect(durations).to_contain_text("Usually half")

    choice = page.get_by_role("combobox", name="Integration")
    # The names of the others are read when a user turns to the choice.
    expect(choice.locator("option")).to_have_text(["All", "OpenWeatherMap"])
    choice.focus()
    expect(choice.locator("option")).to_have_text(["All", "Open-Meteo", "OpenWeatherMap"])
    choice.select_option("All")
    slower = page.locator("[data-slower=openweathermap]")
    expect(slower).to_contain_text("usually 80 ms")
    expect(page.locator("[data-usage=openweathermap]")).to_contain_text(since)
    expect(page.locator("[data-usage=open-meteo]")).not_to_contain_text("Slower")
    page.get_by_role("navigation", name="Pages of the usage").get_by_role("link", name="Calls").click()
    expect(choice.locator("option")).to_have_text(["All"])
    choice.hover()
    choice.select_option("OpenWeatherMap")
    expect(page.locator("[data-slower=true]")).to_contain_text(since)
    # It is as usual again.
    for _ in range(30):
        log_calls(call_log, now, 80.0)
    call_log.flush()
    page.get_by_role("button", name="Read again").click()
    expect(page.locator("[data-slower=false]")).to_contain_text("As fast as usual")
