"""Every page of the console in Chromium, from the navigation to the filled page: empty, and beside much data."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.crowd import fill
from benchmarks.loopback import upstream
from benchmarks.report import Section, Target
from benchmarks.served import TOKEN, Server, running_server
from integrations.backup.contents import CACHE_DATABASE
from plugin_store.engine.sqlite.file import DATABASE_NAME
from scripts.screenshots import running_chromium

PLUGINS, ARTIFACTS, CALLS = 1000, 100_000, 1_000_000
# Those that are rendered. The others are copies of one of them.
RENDERED_ARTIFACTS = 500
CALL_DAYS = 8
ROUNDS = 5
MAX_MILLISECONDS = 300.0
PATIENCE_MILLISECONDS = 60_000
PAGES = (
    "",
    "/integrations",
    "/integrations/plugin-0",
    "/integrations/plugin-0/connection",
    "/integrations/plugin-0/playground",
    "/integrations/plugin-0/answers",
    "/integrations/plugin-0/manifest",
    "/integrations/plugin-0/remove",
    "/add",
    "/answers",
    "/schedule",
    "/usage",
    "/usage?integration=plugin-0",
    "/usage/calls",
    "/usage/calls?integration=plugin-0&outcome=failed",
    "/workspaces",
    "/frontends",
    "/connect",
    "/access",
    "/audit",
    "/about",
)

# The time at which the page shows what it is about, in milliseconds after the navigation began; false before.
FILLED = """() => document.body?.dataset.ready === 'true' && document.querySelector('h1')
  && !document.querySelector('.loading-lines') && !document.querySelector('[data-level=bad][role=alert]')
  && performance.now()"""

COPY_ARTIFACTS = """
WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < :artifacts)
INSERT INTO integration_artifacts ({columns})
SELECT {values} FROM copies JOIN (SELECT * FROM integration_artifacts LIMIT 1) AS one
"""
COPY_BODIES = """
WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < :artifacts)
INSERT INTO Cache ({columns}) SELECT {values} FROM copies JOIN (SELECT * FROM Cache LIMIT 1) AS one
"""
# One call in ten fails, and calls take 10 to 400 ms.
ADD_CALLS = """
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < :calls - 1)
INSERT INTO plugin_api_logs (at, workspace_id, plugin_id, endpoint_id, block_id, cause,
  status, duration_ms, response_bytes, error_code)
SELECT :now - (:calls - n) * (:days * 86400.0 / :calls), 1, 'plugin-' || (n * 7919 % :plugins), 'item', 'item',
  CASE n % 3 WHEN 0 THEN 'prefetch' ELSE 'live' END, CASE n % 10 WHEN 0 THEN 502 ELSE 200 END,
  10.0 * (1 + n % 40), 2000, CASE n % 10 WHEN 0 THEN 'upstream_failed' END
FROM numbers
"""
ADD_USAGE = """
INSERT INTO usage_periods (workspace_id, period_seconds, starts_at, plugin_id,
  renders, hits, stale, calls, token_calls, errors, bytes, durations)
SELECT 1, :seconds, starts_at, plugin_id, 2 * sum(calls), sum(calls), 0, sum(calls), 0, sum(errors), sum(bytes),
  json_group_object(duration, calls)
FROM (
  SELECT CAST(at / :seconds AS INTEGER) * :seconds AS starts_at, {plugin} AS plugin_id,
    CAST(CAST(duration_ms * 10 AS INTEGER) AS TEXT) AS duration, count(*) AS calls,
    count(error_code) AS errors, sum(response_bytes) AS bytes
  FROM plugin_api_logs GROUP BY 1, 2, 3
) GROUP BY starts_at, plugin_id
"""


def run() -> Iterator[Section]:
    """The same pages of an empty server and of one with much data."""
    with upstream(0) as url, running_chromium() as browser:
        times: dict[str, dict[str, list[float]]] = {}
        for name, is_full in (("empty", False), ("full", True)):
            with _folder(url, is_full=is_full) as folder, running_server(folder) as server:
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto(f"{server.origin}/signin?token={TOKEN}")
                times[name] = _open_all(page, server)
                page.close()
    yield _section(times)


@contextmanager
def _folder(url: str, *, is_full: bool) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(
            folder,
            url,
            artifacts=RENDERED_ARTIFACTS if is_full else 0,
            plugins=PLUGINS if is_full else 1,
            scheduled=0,
        )
        if is_full:
            with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection, connection:
                add_rows(connection, artifacts=ARTIFACTS - RENDERED_ARTIFACTS, calls=CALLS, plugins=PLUGINS)
            with closing(sqlite3.connect(folder / CACHE_DATABASE)) as connection, connection:
                add_bodies(connection, ARTIFACTS - RENDERED_ARTIFACTS)
        yield folder


def add_bodies(connection: sqlite3.Connection, artifacts: int) -> None:
    """Adds the bodies of those artifacts. Rows without one would be deleted while the pages are opened."""
    columns = [row[1] for row in connection.execute("PRAGMA table_info(Cache)") if row[1] != "rowid"]
    values = ", ".join("printf('%064x', n)" if column == "key" else f"one.{column}" for column in columns)
    copy = COPY_BODIES.format(columns=", ".join(columns), values=values)
    connection.execute(copy, {"artifacts": artifacts})


def add_rows(connection: sqlite3.Connection, *, artifacts: int, calls: int, plugins: int) -> None:
    """Adds rows of older artifacts, and of calls with their usage, by SQL: a minute instead of an hour."""
    columns = [row[1] for row in connection.execute("PRAGMA table_info(integration_artifacts)")]
    own = {
        "parameters_hash": "printf('%064x', n)",
        "plugin_id": f"'plugin-' || (n % {plugins})",
        "fetched_at": "fetched_at - n",
    }
    values = ", ".join(own.get(column, f"one.{column}") for column in columns)
    copy = COPY_ARTIFACTS.format(
        columns=", ".join(columns), values=values.replace("fetched_at - n", "one.fetched_at - n")
    )
    connection.execute(copy, {"artifacts": artifacts})
    connection.execute("DELETE FROM events")
    figures = {"calls": calls, "plugins": plugins, "days": CALL_DAYS, "now": time.time()}
    connection.execute(ADD_CALLS, figures)
    for seconds in (3600, 86400):
        for plugin in ("plugin_id", "''"):
            connection.execute(ADD_USAGE.format(plugin=plugin), {"seconds": seconds})


def _open_all(page: Page, server: Server) -> dict[str, list[float]]:
    """The milliseconds that each page takes, round after round. What is slow once after a start is left out."""
    _open(page, f"{server.origin}/console")
    found: dict[str, list[float]] = {path: [] for path in PAGES}
    for _ in range(ROUNDS):
        for path, times in found.items():
            times.append(_open(page, f"{server.origin}/console{path}"))
    return found


def _open(page: Page, address: str) -> float:
    page.goto(address, wait_until="commit")
    return page.wait_for_function(FILLED, timeout=PATIENCE_MILLISECONDS).json_value()


def _section(times: dict[str, dict[str, list[float]]]) -> Section:
    medians = {
        name: {path: statistics.median(of) for path, of in pages.items()} for name, pages in times.items()
    }
    width = max(map(len, PAGES)) + len("/console")
    lines = [f"{'':{width}}      empty       full"]
    lines += [
        f"{'/console' + path:{width}}  {medians['empty'][path]:6.0f} ms  {medians['full'][path]:6.0f} ms"
        for path in PAGES
    ]
    slowest = max(PAGES, key=lambda path: medians["full"][path])
    target = Target(f"the slowest, /console{slowest}", medians["full"][slowest], MAX_MILLISECONDS, "ms")
    return Section(
        f"Pages of the console beside {PLUGINS:,} plugins, {ARTIFACTS:,} artifacts, {CALLS:,} calls",
        lines,
        [target],
    )
