"""Live events over processes that share one data folder: what one does, the other's pages are told."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer

from tests.event_source import watching
from tests.faults.server_process import ServerProcess


def declare(server: ServerProcess, upstream: HTTPServer, **block: Any) -> None:
    manifest = {
        "integration": {"base_url": upstream.url_for("/").rstrip("/")},
        "endpoints": [{"id": "now", "path": "/now"}],
        "blocks": [{"id": "now", "endpoint": "now", **block}],
    }
    plugin = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    assert server.ask("POST", "/plugins/register", plugin).status_code == 201


def test_a_page_is_told_what_another_process_fetches_ahead(tmp_path: Path, upstream: HTTPServer):
    upstream.expect_request("/now").respond_with_json({"temp": 3})
    folder = tmp_path / "instance"
    with (
        ServerProcess(folder, PATCHBAY_PREFETCH="on") as fetching,
        ServerProcess(folder, PATCHBAY_PREFETCH="off") as serving,
        watching(serving.origin) as page,
    ):
        declare(fetching, upstream, pre_fetch=True, refresh_interval=3600)
        declared, renewed = page.next(), page.next()
        assert (declared.kind, renewed.kind) == ("plugin.declared", "artifact.renewed")
        shown = serving.ask("POST", "/integrations/svc/render", {"block_type": "now"})
        assert shown.headers["X-Cache"] == "HIT"
        assert shown.json()["parameters_hash"] == renewed.data["parameters_hash"]


def test_a_page_resumes_at_another_process_than_the_one_that_is_killed(tmp_path: Path, upstream: HTTPServer):
    folder = tmp_path / "instance"
    with (
        ServerProcess(folder, PATCHBAY_PREFETCH="off") as first,
        ServerProcess(folder, PATCHBAY_PREFETCH="off") as second,
    ):
        with watching(first.origin) as page:
            declare(second, upstream)
            last = page.next().id
            first.end(signal.SIGKILL)
        second.ask("PUT", "/integrations/svc/enable", {"enabled": False})
        with watching(second.origin, last_event_id=last) as page:
            told = page.next()
            assert (told.kind, told.data["enabled"], int(told.id)) == (
                "enabled.changed",
                False,
                int(last) + 1,
            )


def test_sigterm_ends_the_streams_and_the_process_cleanly(tmp_path: Path):
    with ServerProcess(tmp_path / "instance", PATCHBAY_PREFETCH="off") as server:
        sources = [watching(server.origin) for _ in range(12)]
        pages = [source.__enter__() for source in sources]
        server.signal(signal.SIGTERM)
        assert [page.read_to_end() for page in pages] == [[]] * len(pages)
        for source in sources:
            source.__exit__(None, None, None)
        assert server.end() == (0, "")
