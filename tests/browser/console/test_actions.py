"""An action, run from the console's playground: explained, asked for, carried out once; and failing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from examples.sandbox import Sandbox
from examples.sandbox.faults import DOWN, failing
from tests.browser.conftest import Watch
from tests.browser.console.conftest import OpenConsole

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_an_action_runs_once_after_a_yes_and_a_failure_says_what_may_have_changed(
    open_console: OpenConsole, declare: Callable[..., Any], sandbox: Sandbox, watch: Watch
) -> None:
    watch.expected_errors = ["status of 422", "status of 502"]
    declare("pi-hole")

    def changes() -> list[str]:
        """The bodies of what was changed at the provider, in order."""
        entries = sandbox.data_requests("/pi-hole")
        return [entry.body.decode() for entry in entries if entry.method != "GET"]

    page = open_console("/console/integrations/pi-hole/playground")
    page.get_by_label("Block").select_option("Pause protection")
    pause = page.get_by_role("button", name="Pause", exact=True)
    page.get_by_label("For seconds").fill("60")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("region", name="Request").last).to_contain_text('"timer":60')

    dialog = page.get_by_role("alertdialog")
    pause.click()
    expect(dialog).to_contain_text("Pause protection for everybody?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert changes() == []
    pause.click()
    dialog.get_by_role("button", name="Pause").click()
    outcome = page.locator("[data-outcome]")
    expect(outcome).to_have_attribute("data-outcome", "done")
    expect(outcome.get_by_role("region", name="Answer")).to_contain_text("isabled")
    expect(outcome.get_by_role("link", name="blocking")).to_be_visible()
    assert changes() == ['{"blocking":false,"timer":60}']

    page.get_by_label("For seconds").fill("0")
    pause.click()
    dialog.get_by_role("button", name="Pause").click()
    expect(outcome).to_have_attribute("data-outcome", "failed")
    expect(page.locator("[data-field=seconds] .field-error")).not_to_be_empty()

    with failing({"pi-hole": DOWN}):
        page.get_by_label("For seconds").fill("30")
        pause.click()
        dialog.get_by_role("button", name="Pause").click()
        expect(outcome).to_have_attribute("data-outcome", "unknown")
    expect(outcome).to_contain_text("Down for maintenance.")
    expect(outcome).to_contain_text("It may have been carried out.")
    outcome.get_by_role("link", name="blocking").click()
    expect(page.get_by_role("button", name="Render")).to_be_visible()
