"""Every page of the notebook at any width, and as axe-core sees it, in light, dark and high contrast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import new_context
from tests.browser.notebooks import Notebook, block
from tests.browser.steps import open_settings
from tests.browser.test_accessibility import serious_violations

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "notebook-contrast-light": {"color_scheme": "light"},
    "notebook-contrast-dark": {"color_scheme": "dark"},
}


def view(name: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        page.get_by_role("radio", name=name).check()

    return show


def gallery(page: Page) -> None:
    view("Board")(page)
    page.get_by_role("button", name="Add block", exact=True).click()
    expect(page.get_by_role("dialog").locator("[data-offer]").nth(9)).to_be_attached()


def inputs(page: Page) -> None:
    page.locator("[data-offer='open-meteo']").click()
    page.locator("[data-offer='open-meteo/current']").click()
    expect(page.locator("dialog patchbay-block")).to_have_attribute("data-status", "ready")


def settings(page: Page) -> None:
    page.keyboard.press("Escape")
    open_settings(page, "OpenWeatherMap").locator("form").wait_for()


def integrations(page: Page) -> None:
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("dialog", name="Integrations")).to_be_visible()


STEPS = {
    "board": view("Board"),
    "list": view("List"),
    "page": view("Page"),
    "gallery": gallery,
    "inputs": inputs,
    "settings": settings,
    "integrations": integrations,
}


def fill(notebook: Notebook, **more: Any) -> None:
    notebook.declare("openweathermap")
    notebook.fill(
        block("open-meteo/current", title="Weather where I live", latitude=38.7, longitude=-9.1),
        block("open-meteo/daily", size=(6, 4)),
        block("ecb-rates/rates", size=(6, 5)),
        block("openweathermap/weather", location="Berlin,DE"),
        block("github-trending/trending", size=(6, 4)),
        **more,
    )
    notebook.write(
        "# Mine\n\nA text.\n\n```open-meteo/current\nlatitude: 38.7\n```\n\n```open-meteo/daily\n- 1\n```\n"
    )


def settle(page: Page) -> None:
    """Every block that is shown is drawn."""
    expect(
        page.locator("patchbay-block:not([data-status=ready], [data-status=error], [data-status=stale])")
    ).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_of_the_notebook_has_a_serious_violation(
    notebook: Notebook, browser: Browser, look: str
) -> None:
    context = new_context(browser, reduced_motion="reduce", **LOOKS[look])
    page = notebook.open(context)
    found = {"welcome": serious_violations(page)}
    fill(notebook, **({"theme": look} if look.startswith("notebook") else {}))
    notebook.visit(page)
    for name, go in STEPS.items():
        go(page)
        settle(page)
        found[name] = serious_violations(page)
    assert found == {name: [] for name in ("welcome", *STEPS)}
    context.close()


@pytest.mark.parametrize("width", [360, 768, 1600])
def test_nothing_is_wider_than_the_window(notebook: Notebook, width: int) -> None:
    page = notebook.open()
    page.set_viewport_size({"width": width, "height": 800})
    wide = {"welcome": width_of(page)}
    fill(notebook)
    notebook.visit(page)
    for name, go in STEPS.items():
        go(page)
        settle(page)
        wide[name] = width_of(page)
    assert wide == dict.fromkeys(["welcome", *STEPS], width)


def width_of(page: Page) -> int:
    """The width of the document; of an open panel too, which scrolls by itself."""
    script = """() => {
      const panel = document.querySelector('dialog[open] .panel-body');
      const over = panel ? panel.scrollWidth - panel.clientWidth : 0;
      return document.documentElement.scrollWidth + over;
    }"""
    return page.evaluate(script)


def test_everything_is_reached_on_a_phone(notebook: Notebook) -> None:
    fill(notebook)
    page = notebook.open()
    page.set_viewport_size({"width": 360, "height": 640})
    settle(page)
    for name in (
        "Notebooks: Mine",
        "Theme",
        "Integrations",
        "Add block",
        "Arrange",
        "More for Weather where I live",
    ):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_in_viewport()
    for name in ("Board", "List", "Page"):
        expect(page.get_by_role("radio", name=name)).to_be_in_viewport()
    page.get_by_role("button", name="Arrange").click()
    page.get_by_role("button", name="Move down").first.click()
    expect(page.locator("[data-key] h3").nth(1)).to_have_text("Weather where I live")
