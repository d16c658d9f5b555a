"""What a notebook holds: changed by a person, in several tabs, undone, and found again."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from examples.sandbox import Sandbox
from tests.browser.conftest import Watch
from tests.browser.notebooks import Notebook, block, card
from tests.browser.steps import add_block, choose

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def weather(title: str, latitude: float) -> dict[str, Any]:
    return block("open-meteo/current", title=title, latitude=latitude, longitude=10)


def titles(page: Page) -> list[str]:
    return page.locator("[data-key] h3").all_inner_texts()


def lie_apart(page: Page) -> bool:
    """Whether no card covers another one."""
    script = """() => {
      const all = [...document.querySelectorAll('[data-key]')].map((card) => card.getBoundingClientRect());
      return all.every((one, at) => all.slice(at + 1).every((other) =>
        one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top));
    }"""
    return page.evaluate(script)


def test_two_tabs_that_add_at_the_same_time_lose_nothing(notebook: Notebook) -> None:
    one, other = notebook.open(), notebook.open()
    for page, latitude in ((one, "38.7"), (other, "59.9"), (one, "60.4")):
        add_block(page, "open-meteo/current", {"Latitude": latitude})

    for page in (one, other):
        for latitude in ("38.7", "59.9", "60.4"):
            shown = page.locator("[data-key]", has_text=latitude)
            expect(shown).to_have_attribute("data-status", "ready")
        assert lie_apart(page)

    other.locator("[data-key]", has_text="59.9").get_by_role("button", name="More for").click()
    other.get_by_role("menuitem", name="Remove").click()
    expect(one.locator("[data-key]")).to_have_count(2)
    one.get_by_role("radio", name="List").check()
    expect(other.get_by_role("radio", name="List")).to_be_checked()
    one.reload()
    expect(one.locator("[data-key]")).to_have_count(2)


def test_a_removed_block_stays_away_even_if_the_page_goes_at_once(notebook: Notebook) -> None:
    notebook.fill(weather("Lisbon", 38.7), weather("Oslo", 59.9))
    page = notebook.open()
    choose(page, "More for Lisbon", "Remove")
    page.reload()
    expect(page.locator("[data-key] h3")).to_have_text(["Oslo"])


def test_a_removal_is_undone_in_its_place_and_stays_undone(notebook: Notebook) -> None:
    items = [weather("Lisbon", 38.7), weather("Oslo", 59.9), weather("Rome", 41.9), weather("Bern", 46.9)]
    notebook.fill(*items)
    page = notebook.open()
    expect(page.locator("[data-key][data-status=ready]")).to_have_count(4)
    before = [card(page, item).bounding_box() for item in items]

    choose(page, "More for Oslo", "Remove")
    expect(page.locator("[data-key]")).to_have_count(3)
    notice = page.get_by_role("status").filter(has_text="Oslo removed.")
    notice.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-key][data-status=ready]")).to_have_count(4)
    assert [card(page, item).bounding_box() for item in items] == before

    page.reload()
    expect(page.locator("[data-key][data-status=ready]")).to_have_count(4)
    assert [card(page, item).bounding_box() for item in items] == before


def test_a_block_is_renamed_and_duplicated(notebook: Notebook) -> None:
    item = weather("Lisbon", 38.7)
    notebook.fill(item)
    page = notebook.open()
    choose(page, "More for Lisbon", "Rename")
    dialog = page.get_by_role("dialog", name="Rename the block")
    expect(dialog.get_by_label("Name")).to_have_value("Lisbon")
    expect(dialog.get_by_label("Name")).to_be_focused()
    dialog.get_by_label("Name").fill("  By the sea ")
    page.keyboard.press("Enter")
    expect(card(page, item).get_by_role("heading")).to_have_text("By the sea")

    choose(page, "More for By the sea", "Duplicate")
    expect(page.locator("[data-key] h3")).to_have_text(["By the sea", "By the sea"])
    assert lie_apart(page)
    page.reload()
    expect(page.locator("[data-key] h3")).to_have_text(["By the sea", "By the sea"])


def test_a_dialog_that_is_left_changes_nothing(notebook: Notebook) -> None:
    notebook.fill(weather("Lisbon", 38.7))
    page = notebook.open()
    choose(page, "More for Lisbon", "Rename")
    page.get_by_role("textbox", name="Name").fill("Other")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="More for Lisbon")).to_be_focused()
    assert titles(page) == ["Lisbon"]


def test_inputs_are_changed_and_what_is_wrong_is_told_at_its_field(
    notebook: Notebook, sandbox: Sandbox, watch: Watch
) -> None:
    watch.expected_errors = ["status of 422"]
    item = block("open-meteo/daily", days=2)
    notebook.fill(item)
    page = notebook.open()
    shown = card(page, item)
    expect(shown).to_contain_text("Open-Meteo · 2")

    choose(page, "More for daily", "Change inputs")
    panel = page.get_by_role("dialog", name="Change inputs")
    days = panel.get_by_label("Days")
    expect(days).to_have_value("2")
    days.fill("400")
    panel.get_by_role("button", name="Save").click()
    expect(panel.locator("[data-field=days] .field-error")).not_to_be_empty()
    expect(days).to_have_attribute("aria-invalid", "")
    expect(shown).to_contain_text("Open-Meteo · 2")

    days.fill("4")
    panel.get_by_role("button", name="Save").click()
    expect(panel).to_have_count(0)
    expect(shown).to_contain_text("Open-Meteo · 4")
    expect(shown).to_have_attribute("data-status", "ready")
    page.reload()
    expect(shown).to_contain_text("Open-Meteo · 4")
    assert "forecast_days=4" in sandbox.requests("/open-meteo")[-1].target


def test_fetch_again_asks_the_provider(notebook: Notebook, sandbox: Sandbox) -> None:
    item = weather("Lisbon", 38.7)
    notebook.fill(item)
    page = notebook.open()
    shown = card(page, item)
    expect(shown).to_have_attribute("data-status", "ready")
    calls = len(sandbox.requests("/open-meteo"))

    page.reload()
    expect(shown).to_have_attribute("data-status", "ready")
    assert len(sandbox.requests("/open-meteo")) == calls
    with page.expect_response(lambda response: "/render" in response.url):
        shown.get_by_role("button", name="Fetch again").click()
    assert len(sandbox.requests("/open-meteo")) == calls + 1


def test_a_notebook_that_somebody_filled_with_nonsense_still_opens(notebook: Notebook) -> None:
    notebook.fill(weather("Lisbon", 38.7))
    kept = notebook.kept()
    odd = [
        7,
        None,
        {"key": "x"},
        {**kept["items"][0], "key": "y", "place": {"x": 11, "y": 0, "w": 9, "h": 1}},
    ]
    notebook.keep("notebook-board", items=[*odd, *kept["items"]], order=[7], view="none", theme="gone")
    page = notebook.open()
    expect(page.locator("[data-key]")).to_have_count(1)
    expect(page.get_by_role("radio", name="Board")).to_be_checked()


def test_menus_are_used_by_keyboard(notebook: Notebook) -> None:
    notebook.fill(weather("Lisbon", 38.7))
    page = notebook.open()
    button = page.get_by_role("button", name="More for Lisbon")
    button.focus()
    page.keyboard.press("Enter")
    items = page.get_by_role("menuitem")
    expect(items.first).to_be_focused()
    for key, at in (("ArrowDown", 1), ("End", -1), ("ArrowDown", 0), ("ArrowUp", -1), ("Home", 0)):
        page.keyboard.press(key)
        expect(items.nth(at)).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")
