"""A notebook of one workspace, as a person and as a program see it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from playwright.sync_api import BrowserContext, Locator, Page

from tests.conftest import RunningServer

BOARD = "notebook-board"
PAGE = "notebook-page"
SETTINGS = {BOARD: ("items", "order", "integrations"), PAGE: ("text",)}
COLUMNS = 12

_keys = itertools.count(1)


def block(
    offer: str, *, title: str | None = None, size: tuple[int, int] = (4, 4), **inputs: Any
) -> dict[str, Any]:
    """An item that draws `integration/block`; it gets its place when a notebook is filled."""
    integration, block_id = offer.split("/")
    item = {"key": f"key-{next(_keys)}", "type": "block", "integration": integration, "block": block_id}
    named = {"title": title} if title else {}
    return {**item, **named, "inputs": inputs, "place": {"w": size[0], "h": size[1]}}


def links(title: str, *urls: str) -> dict[str, Any]:
    group = {"name": "", "links": [{"name": url, "url": url} for url in urls]}
    place = {"w": 4, "h": 4}
    return {"key": f"key-{next(_keys)}", "type": "links", "title": title, "groups": [group], "place": place}


@dataclass
class Notebook:
    """`open` shows it in a new tab; `api` asks the server about its workspace."""

    server: RunningServer
    context: BrowserContext
    watched: Callable[[Page], Page]
    declare: Callable[..., None]
    workspace_id: int
    notebook_id: int

    @classmethod
    def create(
        cls,
        server: RunningServer,
        context: BrowserContext,
        watched: Callable[[Page], Page],
        declare: Callable[..., None],
    ) -> Self:
        made = server.request("POST", "/api/v1/workspaces", json={"name": f"Workspace {next(_keys)}"}).json()
        path = f"/api/v1/workspaces/{made['id']}/notebooks"
        notebook = server.request("POST", path, json={"name": "Mine"}).json()
        return cls(server, context, watched, declare, made["id"], notebook["id"])

    @property
    def address(self) -> str:
        return f"{self.server.url}/notebook?workspace_id={self.workspace_id}&notebook_id={self.notebook_id}"

    def open(self, context: BrowserContext | None = None) -> Page:
        """The notebook in a new tab, of a signed-in browser."""
        context = context or self.context
        if not context.cookies():
            context.request.get(self.server.signin_link, max_redirects=0)
        return self.visit(self.watched(context.new_page()))

    def visit(self, page: Page) -> Page:
        page.goto(self.address)
        page.locator("body[data-ready=true]").wait_for()
        return page

    def api(self, method: str, path: str, json: Any = None) -> Any:
        """The JSON of a successful call for this workspace."""
        query = {"workspace_id": self.workspace_id}
        response = self.server.request(method, f"/api/v1{path}", json=json, params=query)
        response.raise_for_status()
        return response.json() if response.content else None

    def fill(self, *items: Mapping[str, Any], **more: Any) -> None:
        """Keeps these items in it, side by side, as if a person had added them."""
        integrations = sorted({item["integration"] for item in items if item["type"] == "block"})
        self.declare(*integrations)
        self.keep(BOARD, items=in_rows(items), integrations=integrations, **more)

    def write(self, text: str) -> None:
        self.keep(PAGE, text=text)

    def keep(self, view: str, /, **config: Any) -> None:
        properties = [
            {"name": name, "type": "string" if name == "text" else "array"} for name in SETTINGS[view]
        ]
        body = {
            "id": view,
            "name": view,
            "version": "0.0.1",
            "type": "view",
            "manifest": {"properties": properties},
        }
        if self.server.request("GET", f"/api/v1/plugins/{view}").status_code == 404:
            self.api("POST", "/plugins/register", body)
        self.api("PUT", f"/notebooks/{self.notebook_id}/plugins/{view}", {"config": config})

    def kept(self, view: str = BOARD) -> dict[str, Any]:
        """What the server keeps of it."""
        return self.api("GET", f"/notebooks/{self.notebook_id}/plugins/{view}")["config"]


def in_rows(items: tuple[Mapping[str, Any], ...]) -> list[dict[str, Any]]:
    """The items with places from the left to the right, then below."""
    placed, x, y, height = [], 0, 0, 0
    for item in items:
        w, h = item["place"]["w"], item["place"]["h"]
        if x + w > COLUMNS:
            x, y, height = 0, y + height, 0
        placed.append({**item, "place": {"x": x, "y": y, "w": w, "h": h}})
        x, height = x + w, max(height, h)
    return placed


def card(page: Page, item: Mapping[str, Any]) -> Locator:
    return page.locator(f"[data-key='{item['key']}']")
