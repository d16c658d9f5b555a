"""Links in groups, each with whether it is up: added, grouped, renamed, wrong addresses told."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from examples.sandbox import Sandbox
from tests.browser.notebooks import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def begin_links(notebook: Notebook) -> tuple[Page, Locator]:
    """A new notebook, and the panel of the links that were just put into it."""
    page = notebook.open()
    page.get_by_role("button", name="Links with status").click()
    return page, page.get_by_role("dialog", name="Links")


def test_links_are_added_in_groups_and_say_whether_they_are_up(notebook: Notebook, sandbox: Sandbox) -> None:
    page, panel = begin_links(notebook)
    panel.get_by_label("Name of the group").fill("Home")
    panel.get_by_label("Address").fill(f"{sandbox.url}/link-status/home")
    panel.get_by_label("Name", exact=True).fill("Door")
    panel.get_by_role("button", name="Add a link").click()
    panel.get_by_label("Address").nth(1).fill("no address")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_text("This is not a web address.")).to_be_visible()

    panel.get_by_label("Address").nth(1).fill(f"{sandbox.url}/link-status/wiki")
    panel.get_by_label("Name", exact=True).nth(1).fill("Wiki")
    panel.get_by_role("button", name="Save").click()

    card = page.get_by_role("article", name="Links")
    expect(card.get_by_role("heading", name="Home")).to_be_visible()
    door, wiki = (card.get_by_role("listitem").filter(has_text=name) for name in ("Door", "Wiki"))
    expect(door).to_contain_text("Up, answers 200")
    expect(door).to_contain_text(" ms")
    expect(wiki).to_contain_text("Down: answers 503")
    expect(door.get_by_role("link")).to_have_attribute("href", f"{sandbox.url}/link-status/home")
    expect(door.get_by_role("link")).to_have_attribute("rel", "noopener noreferrer")


def test_links_are_renamed_moved_and_found_again(notebook: Notebook, sandbox: Sandbox) -> None:
    page, panel = begin_links(notebook)
    panel.get_by_label("Title").fill("My services")
    panel.get_by_label("Address").fill(f"{sandbox.url}/link-status/home")
    panel.get_by_label("Name", exact=True).fill("Door")
    panel.get_by_role("button", name="Add a group").click()
    panel.get_by_label("Name of the group").nth(1).fill("Media")
    panel.get_by_label("Address").nth(1).fill(f"{sandbox.url}/link-status/media")
    panel.get_by_role("button", name="Move the group up").nth(1).click()
    panel.get_by_role("button", name="Save").click()
    page.get_by_role("article", name="My services").wait_for()

    again = notebook.open()
    card = again.get_by_role("article", name="My services")
    expect(card.get_by_role("link")).to_have_count(2)
    expect(card.get_by_role("link").nth(1)).to_contain_text("Door")
    expect(card.get_by_role("heading", name="Media")).to_be_visible()
