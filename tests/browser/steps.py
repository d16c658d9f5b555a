"""What a user does in the notebook, step by step."""

from __future__ import annotations

import re
from collections.abc import Mapping

from playwright.sync_api import Locator, Page, expect


def choose_offer(page: Page, offer: str) -> Locator:
    """The panel in which a block is added, after an integration and perhaps its block were chosen."""
    integration, _, block = offer.partition("/")
    page.get_by_role("button", name="Add block", exact=True).click()
    panel = page.get_by_role("dialog")
    panel.locator(f"[data-offer='{integration}']").click()
    only = panel.locator("patchbay-inputs, patchbay-settings")
    if block:
        chosen = panel.locator(f"[data-offer='{offer}']")
        only.or_(chosen).first.wait_for()
        if chosen.count():
            chosen.click()
    return panel


def enter_inputs(panel: Locator, inputs: Mapping[str, str]) -> None:
    form = panel.locator("patchbay-inputs form")
    form.locator("[data-field], .none").first.wait_for()
    for label, text in inputs.items():
        form.get_by_label(label).fill(text)


def add_block(page: Page, offer: str, inputs: Mapping[str, str] | None = None) -> Locator:
    """The block, added as a person does it: chosen from the gallery, its inputs typed."""
    panel = choose_offer(page, offer)
    enter_inputs(panel, inputs or {})
    panel.get_by_role("button", name="Add to the notebook").click()
    expect(panel).to_have_count(0)
    integration, block = offer.split("/")
    return page.locator(f"patchbay-block[data-key][integration='{integration}'][block='{block}']").last


def choose(page: Page, menu: str | re.Pattern[str], item: str) -> None:
    """Opens a menu and takes one of its items."""
    page.get_by_role("button", name=menu).click()
    page.get_by_role("menu").locator("[role^=menuitem]").filter(has_text=item).click()


def open_settings(page: Page, name: str) -> Locator:
    page.get_by_role("button", name="Integrations", exact=True).click()
    page.get_by_role("button", name=f"Settings of {name}").click()
    return page.locator("patchbay-settings")


def enter_key(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-secret=ok]")).to_be_visible()


def close_panel(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.locator("dialog.side-panel")).to_have_count(0)
