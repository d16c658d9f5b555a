"""What each page of the console loads first.

A browser asks for it while it loads the app's script, instead of when that has found out what the page is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from errors import NotFound
from schemas.fields import PLUGIN_ID_PATTERN
from web.api.openapi import API_PREFIX

WORKSPACES = f"{API_PREFIX}/workspaces?include=notebooks"


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """The chunks of the build that show a page, and the first reads of the workspace, in the app's very words."""

    chunks: tuple[str, ...]
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstLoads:
    """Names of chunks, and addresses below the server's root."""

    chunks: tuple[str, ...]
    reads: tuple[str, ...]


def _tab(chunk: str, *reads: str) -> ConsolePage:
    """A page about one integration."""
    own = ("/integrations/{id}?{place}", "/workspaces/{workspace}/plugins/{id}?{place}")
    return ConsolePage(("IntegrationPage", chunk), own + reads)


# As `router.ts` of the app has them, without those that show nothing of the API first.
PAGES: Mapping[str, ConsolePage] = {
    "": ConsolePage(
        ("OverviewPage",),
        (
            "/counts?{place}",
            "/integrations?{place}&state=waiting&page_size=20",
            "/usage?{place}&include=totals&state=troubled&page_size=20&order_by=errors",
            "/usage/total?{place}",
            "/alerts?{place}&page=1",
            "/connect/requests?{place}",
            "/usage/latency?{place}&include=slower&page_size=100",
        ),
    ),
    "integrations": ConsolePage(
        ("IntegrationsPage",),
        (
            "/integrations?{place}&page=1&page_size=25",
            "/integrations?{place}&state=waiting&page_size=1",
        ),
    ),
    "integrations/{id}": _tab("SettingsTab"),
    "integrations/{id}/connection": _tab("ConnectionTab", "/integrations/{id}/usage?{place}"),
    "integrations/{id}/playground": _tab("PlaygroundTab"),
    "integrations/{id}/answers": _tab(
        "AnswersTab", "/artifacts?{place}&integration_id={id}&page=1&page_size=25"
    ),
    "integrations/{id}/manifest": _tab("ManifestTab", "/plugins/{id}?{place}"),
    "integrations/{id}/review": _tab("ReviewTab"),
    "integrations/{id}/remove": _tab(
        "RemoveTab",
        "/prefetch?{place}&integration_id={id}&page_size=1",
        "/artifacts?{place}&integration_id={id}&page_size=1",
    ),
    "answers": ConsolePage(("AnswersPage",), ("/artifacts?{place}&page=1&page_size=25",)),
    "schedule": ConsolePage(("SchedulePage",), ("/prefetch?{place}&page=1&page_size=25",)),
    "usage": ConsolePage(
        ("UsagePage",),
        (
            "/usage/total?{place}&by=hour",
            "/usage?{place}&by=hour&include=totals&page=1&page_size=25&order_by=calls",
            "/usage/latency?{place}&include=slower&page_size=100",
        ),
    ),
    "usage/calls": ConsolePage(("CallsPage",), ("/calls?{place}&page_size=50",)),
    "workspaces": ConsolePage(("WorkspacesPage",)),
    "frontends": ConsolePage(
        ("FrontendsPage",), ("/tokens?{place}", "/connect/requests?{place}", "/about?{place}")
    ),
    "connect": ConsolePage(("ConnectPage",), ("/connect/requests?{place}",)),
    "access": ConsolePage(
        ("AccessPage",), ("/sessions?{place}", "/audit?{place}&what=sign_in&page_size=5", "/about?{place}")
    ),
    "audit": ConsolePage(("AuditPage",), ("/audit?{place}&page_size=100",)),
    "doctor": ConsolePage(("DoctorPage",), ("/doctor?{place}",)),
    "about": ConsolePage(("AboutPage",), ("/about?{place}",)),
    "add": ConsolePage(("AddPage",)),
}


def find_first_loads(
    path: str, query: Mapping[str, str], find_workspace: Callable[[int | None], int]
) -> FirstLoads:
    """What the page at the path below /console loads first.

    What it reads is left out where the query asks for more than a workspace, because the page then asks in other
    words. `find_workspace` returns the id of a workspace, or of the first one for None; it may raise NotFound.
    """
    page, plugin_id = _find_page(path)
    if page is None:
        return FirstLoads((), (WORKSPACES,))
    workspace_id = _read_workspace(query, find_workspace)
    if workspace_id is None:
        return FirstLoads(page.chunks, (WORKSPACES,))
    values = {"place": f"workspace_id={workspace_id}", "workspace": str(workspace_id), "id": plugin_id}
    return FirstLoads(
        page.chunks, (WORKSPACES, *(API_PREFIX + read.format_map(values) for read in page.reads))
    )


def _find_page(path: str) -> tuple[ConsolePage | None, str]:
    """The page, and the integration that it is about; empty for none."""
    area, *rest = path.strip("/").split("/")
    if area != "integrations" or not rest:
        return PAGES.get("/".join((area, *rest))), ""
    plugin_id, *tab = rest
    if not PLUGIN_ID_PATTERN.match(plugin_id):
        return None, ""
    return PAGES.get("/".join((area, "{id}", *tab))), plugin_id


def _read_workspace(query: Mapping[str, str], find_workspace: Callable[[int | None], int]) -> int | None:
    asked = query.get("workspace_id")
    if set(query) - {"workspace_id"} or not (asked is None or re.fullmatch("[1-9][0-9]{0,14}", asked)):
        return None
    try:
        return find_workspace(None if asked is None else int(asked))
    except NotFound:
        return None
