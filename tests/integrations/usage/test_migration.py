"""Usage that an older version has counted is what this one would have written."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from alembic import command
from flask import Flask
from sqlalchemy import text

from integrations.usage.call_log import CallLog
from integrations.usage.counter import UsageCounter
from plugin_store.engine import opening as opening_module
from plugin_store.engine.migrating import config_of
from plugin_store.engine.opening import MIGRATIONS_FOLDER
from tests.databases import seed_database
from tests.integrations.usage.test_usage import DAY, HOUR, NOW, record

ROWS = "SELECT * FROM usage_periods ORDER BY workspace_id, period_seconds, starts_at, plugin_id"


def rows(database: Any) -> list[dict[str, Any]]:
    with database.reading() as session:
        return [dict(row) for row in session.execute(text(ROWS)).mappings()]


def test_counts_of_an_older_version_and_its_log_become_periods(tmp_path: Path) -> None:
    seed_database(tmp_path)
    app, rnd, now = Flask("migration"), random.Random(3), [0.0]
    database = opening_module.init_database(app, tmp_path)
    log = CallLog(database, lambda: now[0], 30 * DAY)
    counter = UsageCounter(database, lambda: now[0], 30 * DAY)
    for _ in range(400):
        now[0] = NOW - rnd.random() * 50 * HOUR
        counter.count(1, rnd.choice("ab"), rnd.choice(["HIT", "STALE", "MISS"]))
        log.record(
            record(
                at=now[0],
                plugin_id=rnd.choice("bc"),
                endpoint_id=rnd.choice(["it", "token:login"]),
                duration_ms=rnd.lognormvariate(4, 3),
                error_code=rnd.choice([None, "timeout"]),
            )
        )
    counter.close()
    log.close()
    written = rows(database)
    with app.app_context():
        config = config_of(app, opening_module.db, MIGRATIONS_FOLDER)
        command.downgrade(config, "0009")
        command.upgrade(config, "head")
    migrated = rows(database)
    for row in (*written, *migrated):
        row["durations"] = row["durations"] and sorted(row["durations"].strip("{}").split(","))
    assert len(written) > 100
    assert migrated == written
    database.close()
