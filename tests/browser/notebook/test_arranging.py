"""Blocks moved and resized by pointer and by keyboard, and found again where they were put."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watch
from tests.browser.notebooks import Notebook, block, card
from tests.browser.steps import choose

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

Item = Mapping[str, Any]


def two_cards(notebook: Notebook) -> tuple[Item, Item]:
    lisbon = block("open-meteo/current", title="Lisbon", latitude=38.7, longitude=-9.1)
    oslo = block("open-meteo/current", title="Oslo", latitude=59.9, longitude=10.7)
    notebook.fill(lisbon, oslo)
    return lisbon, oslo


def arrange(page: Page) -> None:
    page.get_by_role("button", name="Arrange").click()
    expect(page.locator(".grid-stack")).to_be_visible()


def two_tabs(notebook: Notebook, watch: Watch) -> tuple[Page, Page]:
    """One in which the board is being arranged, and another."""
    # Both may save at once: one of them reads again what the other saved.
    watch.expected_errors = ["status of 412"]
    page, other = notebook.open(), notebook.open()
    arrange(page)
    return page, other


def place_of(page: Page, item: Item) -> Any:
    return page.locator(f"[gs-id='{item['key']}']")


def place(page: Page, item: Item) -> tuple[int, ...]:
    holder = place_of(page, item)
    return tuple(int(holder.get_attribute(f"gs-{name}") or 1) for name in "xywh")


def kept_places(notebook: Notebook) -> dict[str, tuple[int, ...]]:
    return {item["key"]: tuple(item["place"][name] for name in "xywh") for item in notebook.kept()["items"]}


def reloaded_places(page: Page, *items: Item) -> list[tuple[int, ...]]:
    page.reload()
    for item in items:
        expect(card(page, item)).to_have_attribute("data-status", "ready")
    return [place(page, item) for item in items]


def test_blocks_are_moved_and_resized_by_keyboard(notebook: Notebook) -> None:
    lisbon, oslo = two_cards(notebook)
    page = notebook.open()
    expect(card(page, oslo)).to_have_attribute("data-status", "ready")
    arrange(page)
    holder = place_of(page, oslo)
    holder.focus()
    page.keyboard.press("ArrowRight")
    expect(holder).to_have_attribute("gs-x", "5")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(holder).to_have_attribute("gs-w", "5")
    expect(holder).to_have_attribute("gs-h", "5")
    expect(page.get_by_role("status").filter(has_text="Column 6, row 1, 5 wide, 5 high.")).to_be_attached()
    expect(holder).to_be_focused()

    page.get_by_role("button", name="Done").click()
    expect(page.locator(".grid-stack")).to_have_count(0)
    assert reloaded_places(page, lisbon, oslo) == [(0, 0, 4, 4), (5, 0, 5, 5)]
    assert kept_places(notebook) == {lisbon["key"]: (0, 0, 4, 4), oslo["key"]: (5, 0, 5, 5)}


def test_blocks_are_moved_and_resized_by_pointer(notebook: Notebook) -> None:
    lisbon, oslo = two_cards(notebook)
    page = notebook.open()
    expect(card(page, oslo)).to_have_attribute("data-status", "ready")
    arrange(page)
    board = page.locator(".grid-stack").bounding_box()
    holder = place_of(page, oslo)
    box = holder.bounding_box()
    assert board and box
    column = board["width"] / 12

    page.mouse.move(box["x"] + 60, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 60 + column, box["y"] + 20, steps=4)
    page.mouse.move(box["x"] + 60 + 3 * column, box["y"] + 20, steps=8)
    page.mouse.up()
    expect(holder).to_have_attribute("gs-x", "7")
    # It is laid down: the handle no longer moves, and is what the pointer meets.
    expect(holder).not_to_have_class(re.compile("dragging"))
    expect(page.locator(".grid-stack-placeholder")).to_have_count(0)
    grip = holder.locator(".ui-resizable-se")
    grip.hover()
    handle = grip.bounding_box()
    assert handle
    corner = (handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(corner[0], corner[1] + 90, steps=4)
    page.mouse.move(corner[0] + column, corner[1] + 160, steps=8)
    page.mouse.up()
    expect(holder).to_have_attribute("gs-h", "6")

    page.get_by_role("button", name="Done").click()
    assert reloaded_places(page, lisbon, oslo) == [(0, 0, 4, 4), (7, 0, 5, 6)]


def test_a_block_stays_in_the_hand_while_another_tab_changes_the_board(
    notebook: Notebook, watch: Watch
) -> None:
    lisbon, oslo = two_cards(notebook)
    page, other = two_tabs(notebook, watch)
    holder = place_of(page, oslo)
    box = holder.bounding_box()
    grip = holder.locator(".ui-resizable-se")
    grip.hover()
    handle = grip.bounding_box()
    assert box and handle
    page.mouse.down()
    page.mouse.move(handle["x"] + box["width"] / 4, handle["y"] + 160, steps=8)
    choose(other, "More for Lisbon", "Duplicate")
    expect(page.locator(".grid-stack [data-key]")).to_have_count(3)
    page.mouse.up()
    expect(holder).to_have_attribute("gs-w", "5")
    expect(holder).to_have_attribute("gs-h", "6")
    page.get_by_role("button", name="Done").click()
    assert reloaded_places(page, lisbon, oslo)[1][2:] == (5, 6)
    assert {lisbon["key"], oslo["key"]} < set(kept_places(notebook))


def test_a_block_that_another_tab_adds_appears_while_this_one_is_arranged(
    notebook: Notebook, watch: Watch
) -> None:
    lisbon, oslo = two_cards(notebook)
    page, other = two_tabs(notebook, watch)
    place_of(page, oslo).focus()
    page.keyboard.press("ArrowRight")
    choose(other, "More for Lisbon", "Duplicate")
    expect(page.locator(".grid-stack [data-key]")).to_have_count(3)
    expect(other.locator(f"[gs-id='{oslo['key']}']")).to_have_attribute("gs-x", "5")
    choose(other, "More for Oslo", "Remove")
    expect(page.locator(".grid-stack > .grid-stack-item:not(.grid-stack-placeholder)")).to_have_count(2)
    page.get_by_role("button", name="Done").click()
    expect(page.locator("[data-key] h3")).to_have_text(["Lisbon", "Lisbon"])
    assert lisbon["key"] in kept_places(notebook)


def test_a_list_is_ordered_by_its_buttons(notebook: Notebook) -> None:
    two_cards(notebook)
    page = notebook.open()
    page.get_by_role("radio", name="List").check()
    page.get_by_role("button", name="Arrange").click()
    rows = page.get_by_role("listitem").filter(has=page.locator("[data-key]"))
    expect(rows.first.get_by_role("button", name="Move up")).to_be_disabled()
    rows.last.get_by_role("button", name="Move up").click()
    expect(page.locator("[data-key] h3")).to_have_text(["Oslo", "Lisbon"])
    page.reload()
    expect(page.locator("[data-key] h3")).to_have_text(["Oslo", "Lisbon"])
    page.get_by_role("radio", name="Board").check()
    expect(page.locator("[data-key] h3")).to_have_text(["Lisbon", "Oslo"])
