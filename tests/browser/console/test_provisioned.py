"""What a provisioning file sets is shown in the console, and cannot be changed there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.console.conftest import OpenConsole
from tests.conftest import RunningServer
from tests.integrations.provisioning.setups import Ground

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_what_a_file_sets_is_marked_and_fixed(
    open_console: OpenConsole, declare: Callable[..., Any], patchbay: RunningServer, tmp_path: Path
) -> None:
    declare("open-meteo", is_set_up=False)
    declare("openweathermap", is_set_up=False)
    open_meteo = {"enabled": True, "config": {"latitude": 59.9}}
    openweathermap = {"secrets": {"api_key": {"env": "KEY"}}}
    workspace = {"name": "Default", "plugins": {"open-meteo": open_meteo, "openweathermap": openweathermap}}
    Ground(patchbay.app, tmp_path / "setup", {"KEY": "k-3v9Qs7w1Zp5"}).apply({"workspaces": [workspace]})

    page = open_console("/console/integrations/open-meteo")
    expect(page.get_by_text("Set by setup.yaml")).to_have_count(1)
    expect(page.get_by_label("Latitude")).to_be_disabled()
    expect(page.get_by_label("Longitude")).to_be_enabled()
    expect(page.get_by_text("Switched by setup.yaml")).to_be_visible()
    expect(page.get_by_role("switch")).to_be_disabled()
    # The other settings of the same form can be saved.
    page.get_by_label("Longitude").fill("10.7")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Set in this workspace")).to_be_visible()

    page = open_console("/console/integrations/openweathermap")
    secret = page.locator("[data-key=api_key]")
    expect(secret.get_by_text("Set by setup.yaml")).to_be_visible()
    expect(secret.get_by_role("textbox")).to_have_count(0)

    page = open_console("/console/workspaces")
    expect(page.get_by_text("set by setup.yaml")).to_be_visible()
    page.get_by_role("button", name="More for Default").click()
    expect(page.get_by_role("menuitem", name="Rename")).to_be_disabled()
