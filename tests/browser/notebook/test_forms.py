"""Forms of the notebook, made from a manifest: each type has its control, and its value is accepted."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Api, Watch
from tests.browser.notebooks import Notebook
from tests.browser.steps import add_block, choose_offer, open_settings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

# Nobody listens where these blocks call; what matters is what is asked.
NOBODY_LISTENS = ["status of 502", "status of 403"]

PROPERTIES: list[dict[str, Any]] = [
    {"name": "due", "type": "date"},
    {"name": "moment", "type": "datetime"},
    {"name": "wake", "type": "time"},
    {"name": "mail", "type": "email"},
    {"name": "site", "type": "url"},
    {"name": "accent", "type": "color"},
    {"name": "mode", "type": "select", "options": [{"value": 1, "label": "Slow"}, {"value": 2, "label": "Fast"}]},
    {"name": "days", "type": "multiselect", "options": ["mon", "tue", "wed"]},
    {"name": "notes", "type": "text"},
    {"name": "word", "type": "password"},
]  # fmt: skip


def declare_forms(api: Api, plugin_id: str, **manifest: Any) -> None:
    section = {"base_url": "http://127.0.0.1:9"}
    body = {"id": plugin_id, "name": "Forms", "version": "1.0.0", "type": "integration"}
    api("POST", "/plugins/register", body | {"manifest": {"integration": section, **manifest}})


def test_each_type_has_its_control_and_what_it_gives_is_kept(notebook: Notebook, api: Api) -> None:
    declare_forms(api, "forms-settings", properties=PROPERTIES)
    page = notebook.open()
    settings = open_settings(page, "Forms")
    for label, text in {
        "Due": "2024-05-31",
        "Moment": "2024-05-31T14:30",
        "Wake": "06:45",
        "Mail": "ada@example.org",
        "Site": "https://example.org/",
        "Accent": "#1e90ff",
        "Notes": "two\nlines",
        "Word": "open",
    }.items():
        settings.get_by_label(label).fill(text)
    settings.get_by_label("Mode").select_option(label="Fast")
    settings.get_by_label("Days").select_option(label=["mon", "wed"])
    types = {name: settings.get_by_label(name).get_attribute("type") for name in ("Due", "Wake", "Word")}
    assert types == {"Due": "date", "Wake": "time", "Word": "password"}
    settings.get_by_role("button", name="Save").click()
    expect(settings.get_by_role("status").filter(has_text="settings saved")).to_be_attached()

    assert notebook.api("GET", "/integrations/forms-settings/config")["config"] == {
        "due": "2024-05-31",
        "moment": "2024-05-31T14:30",
        "wake": "06:45",
        "mail": "ada@example.org",
        "site": "https://example.org/",
        "accent": "#1e90ff",
        "mode": 2,
        "days": ["mon", "wed"],
        "notes": "two\nlines",
        "word": "open",
    }
    expect(settings.get_by_label("Due")).to_have_value("2024-05-31")
    expect(settings.get_by_label("Notes")).to_have_value("two\nlines")


def test_a_block_without_a_schema_asks_for_its_endpoint_s_parameters(
    notebook: Notebook, api: Api, watch: Watch
) -> None:
    watch.expected_errors = NOBODY_LISTENS
    endpoint = {"id": "find", "path": "/find/{place}", "parameters": [
        {"name": "place", "label": "Where"},
        {"name": "kind", "type": "select", "options": ["city", "river"], "default": "city"},
    ]}  # fmt: skip
    declare_forms(api, "forms-endpoint", endpoints=[endpoint], blocks=[{"id": "find"}])
    page = notebook.open()
    panel = choose_offer(page, "forms-endpoint")
    form = panel.locator("patchbay-inputs")
    expect(form.get_by_label("Kind").locator("option")).to_have_text(["Default (city)", "city", "river"])
    panel.get_by_role("button", name="Add to the notebook").click()
    expect(form).to_contain_text("This is needed.")
    page.keyboard.press("Escape")

    block = add_block(page, "forms-endpoint/find", {"Where": "Oslo"})
    expect(block).to_contain_text("Oslo")
    expect(block).to_have_attribute("data-status", "error")


def test_a_pasted_address_is_all_that_a_block_asks_for(notebook: Notebook, api: Api, watch: Watch) -> None:
    watch.expected_errors = NOBODY_LISTENS
    endpoint = {
        "id": "repo",
        "path": "/repos/{owner}/{repo}",
        "parameters": [{"name": "owner"}, {"name": "repo"}],
    }
    pattern = "https://git\\.test/(?P<owner>[^/]+)/(?P<repo>[^/]+)"
    declare_forms(
        api, "forms-address", endpoints=[endpoint], blocks=[{"id": "repo", "url_patterns": [pattern]}]
    )
    page = notebook.open()
    page.get_by_role("button", name="Add block", exact=True).click()
    panel = page.get_by_role("dialog")
    panel.get_by_label("Search").fill("https://git.test/ada/engine")
    panel.locator("[data-offer='forms-address/repo']").click()
    expect(panel.locator("patchbay-inputs [data-field]")).to_have_count(1)
    panel.get_by_role("button", name="Add to the notebook").click()
    block = page.locator("[data-key][integration='forms-address']")
    expect(block).to_contain_text("git.test/ada/engine")
    expect(block).to_have_attribute("data-status", "error")
    expect(block.get_by_role("alert")).not_to_contain_text("An input is not right")
