"""The filled board on which the demo opens: blocks of the examples, as the notebook keeps them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.api import Api, ApiAnswer
from examples.catalog import fill_in

VIEWS_FILE = (
    Path(__file__).parent.parent / "frontend" / "apps" / "notebook" / "src" / "registry" / "views.json"
)
BOARD = "notebook-board"
PAGE = "notebook-page"

COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Placed:
    """A block with its size in cells; `block` is `integration/block`."""

    block: str
    width: int
    height: int
    inputs: dict[str, Any] = field(default_factory=dict)
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """Links in groups, each with whether it is up."""

    title: str
    width: int
    height: int
    groups: dict[str, dict[str, str]]


LISBON = {"latitude": 38.7, "longitude": -9.1}

# Row by row; the sizes of each row fill the twelve columns.
ROWS: tuple[tuple[Placed | Links, ...], ...] = (
    (
        Placed("open-meteo/current", 3, 3, LISBON, "Lisbon"),
        Placed("pi-hole/summary", 3, 3),
        Placed("speedtest-tracker/latest", 3, 3),
        Placed("proxmox-ve/guests", 3, 3),
    ),
    (
        Placed("open-meteo/hourly", 5, 4, LISBON),
        Placed("speedtest-tracker/history", 4, 4),
        Placed("nextcloud/server", 3, 4),
    ),
    (
        Placed("rss-feed/entries", 4, 4, {"url": "{sandbox}/rss-feed/feed.xml"}),
        Placed("github/issues", 5, 4, {"url": "https://github.com/octocat/hello-world"}),
        Links(
            "Home",
            3,
            4,
            {
                "Services": {
                    "Proxmox": "{sandbox}/link-status/home",
                    "Jellyfin": "{sandbox}/link-status/media",
                },
                "Elsewhere": {"Wiki": "{sandbox}/link-status/wiki"},
            },
        ),
    ),
    (
        Placed("open-meteo/daily", 5, 4, {**LISBON, "days": 7}, "The week in Lisbon"),
        Placed("qbittorrent/torrents", 4, 4),
        Placed("tailscale/devices", 3, 4),
    ),
    (
        Placed("ical-calendar/agenda", 4, 5),
        Placed("open-meteo/rain", 4, 5, LISBON),
        Placed(
            "overpass/near", 4, 5, {"latitude": 52.52, "longitude": 13.41, "radius": 300}, "Drinking water"
        ),
    ),
    (
        Placed("pi-hole/pause", 3, 3),
        Placed("jellyfin/playing", 6, 3),
        Placed("freshdesk/tickets", 3, 3),
    ),
)

PAGE_TEXT = """# Notes

A page is Markdown with **live blocks** between the paragraphs.

```open-meteo/daily
latitude: 38.7
longitude: -9.1
days: 7
```

| a block | is written as |
|---|---|
| integration and block | the language of a fence |
| its inputs | YAML in the fence |
"""


def fill_notebook(api: Api, notebook_id: int, sandbox_url: str) -> list[ApiAnswer]:
    """Declares the views of the notebook as its page does, and fills the board and the page. Returns the answers."""
    views = json.loads(VIEWS_FILE.read_text("utf-8"))
    kept = {BOARD: board_settings(sandbox_url), PAGE: {"text": PAGE_TEXT}}
    return [
        api.post("/plugins/register-batch", {"plugins": views}),
        *(
            api.put(f"/notebooks/{notebook_id}/plugins/{view}", {"config": config})
            for view, config in kept.items()
        ),
    ]


def board_settings(sandbox_url: str) -> dict[str, Any]:
    """The settings of the view `notebook-board` that hold the board."""
    items: list[dict[str, Any]] = []
    y = 0
    for row in ROWS:
        x = 0
        for one in row:
            place = {"x": x, "y": y, "w": one.width, "h": one.height}
            items.append({"key": f"demo-{len(items)}", "place": place, **_described(one)})
            x += one.width
        assert x == COLUMNS, f"the row of {row[0]} is {x} wide"
        y += max(one.height for one in row)
    integrations = sorted(
        {item["integration"] for item in items if item["type"] == "block"} | {"link-status"}
    )
    return fill_in({"items": items, "order": [], "integrations": integrations}, sandbox_url)


def _described(one: Placed | Links) -> dict[str, Any]:
    if isinstance(one, Links):
        groups = [
            {"name": name, "links": [{"name": link, "url": url} for link, url in links.items()]}
            for name, links in one.groups.items()
        ]
        return {"type": "links", "title": one.title, "groups": groups}
    integration, _, block = one.block.partition("/")
    described = {"type": "block", "integration": integration, "block": block, "inputs": one.inputs}
    return described | ({"title": one.title} if one.title else {})
