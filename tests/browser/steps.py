"""What a user does in the notebook, step by step."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


def add_block(page: Page, offer: str, inputs: dict[str, str] | None = None) -> Locator:
    """The block, added as a person does it: chosen from the list, its inputs typed."""
    page.get_by_role("button", name="Add block", exact=True).click()
    page.locator(f"[data-offer='{offer}']").first.click()
    for label, text in (inputs or {}).items():
        page.locator("form").get_by_label(label).fill(text)
    page.get_by_role("button", name="Add", exact=True).click()
    integration, block = offer.split("/")
    return page.locator(f"[data-integration='{integration}'][data-block='{block}']").last


def open_settings(page: Page, name: str) -> Locator:
    page.get_by_role("button", name="Plugins", exact=True).click()
    page.get_by_role("button", name=f"Settings of {name}").click()
    return page.locator("[data-settings]")


def enter_key(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-secret=ok]")).to_be_visible()


def close_drawer(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
