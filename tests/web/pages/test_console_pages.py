"""What the pages of the console load first."""

from __future__ import annotations

import re

import pytest

from errors import NotFound
from settings import ROOT
from tests.conftest import Client
from web.pages.console_pages import PAGES, WORKSPACES, find_first_loads

ROUTER = ROOT / "frontend" / "apps" / "console" / "src" / "router.ts"
ROUTE = re.compile(r"path: '([^']*)'.*import\('\./pages/(?:\w+/)*(\w+)\.vue'\)")


def find_workspace(workspace_id: int | None) -> int:
    if workspace_id == 404:
        raise NotFound("There is no workspace 404.")
    return workspace_id or 1


@pytest.mark.parametrize(
    ("path", "query", "chunks", "reads"),
    [
        ("audit", {}, ("AuditPage",), ["/audit?workspace_id=1&page_size=100"]),
        ("audit/", {"workspace_id": "3"}, ("AuditPage",), ["/audit?workspace_id=3&page_size=100"]),
        ("usage/calls", {"integration": "x"}, ("CallsPage",), []),
        ("audit", {"workspace_id": "1", "notebook_id": "2"}, ("AuditPage",), []),
        ("audit", {"workspace_id": "404"}, ("AuditPage",), []),
        ("audit", {"workspace_id": "01"}, ("AuditPage",), []),
        ("audit", {"workspace_id": "1 "}, ("AuditPage",), []),
        ("audit", {"workspace_id": "\u0661"}, ("AuditPage",), []),
        ("audit", {"workspace_id": "9" * 5000}, ("AuditPage",), []),
        (
            "integrations/open-meteo/manifest",
            {},
            ("IntegrationPage", "ManifestTab"),
            [
                "/integrations/open-meteo?workspace_id=1",
                "/workspaces/1/plugins/open-meteo?workspace_id=1",
                "/plugins/open-meteo?workspace_id=1",
            ],
        ),
        ("integrations/{id}/manifest", {}, (), []),
        ("integrations/a?b/manifest", {}, (), []),
        ("integrations/../audit", {}, (), []),
        ("integrations/a\n", {}, (), []),
        ("integrations/a/b/c", {}, (), []),
        ("nowhere", {}, (), []),
    ],
)
def test_a_page_loads_its_chunks_and_reads_of_its_workspace(
    path: str, query: dict[str, str], chunks: tuple[str, ...], reads: list[str]
):
    first = find_first_loads(path, query, find_workspace)
    assert (first.chunks, list(first.reads)) == (chunks, [WORKSPACES, *(f"/api/v1{read}" for read in reads)])


def test_every_page_of_the_router_is_known_by_the_chunk_that_shows_it():
    routes = ROUTE.findall(ROUTER.read_text("utf-8"))
    assert len(routes) > 20
    chunks = {chunk for page in PAGES.values() for chunk in page.chunks}
    assert {chunk for _, chunk in routes} - chunks == {"UnknownPage"}
    for path, chunk in routes:
        page = PAGES.get(path.strip("/").replace(":id", "{id}"))
        assert page is None or chunk in page.chunks or not path.startswith("/"), path


def test_the_page_names_them(client: Client):
    page = client.open("/console/audit?workspace_id=1").get_data(as_text=True)
    assert (
        '<link rel="preload" as="fetch" crossorigin href="/api/v1/audit?workspace_id=1&amp;page_size=100">'
        in page
    )
    for address in ("/console/audit?workspace_id=7", "/console/%3Cscript%3E", "/console/integrations/%22x"):
        answer = client.open(address)
        assert answer.status_code == 200
        assert answer.get_data(as_text=True).count('as="fetch"') == 1
