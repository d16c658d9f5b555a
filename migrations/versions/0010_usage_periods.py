"""The usage of each hour and each day, in place of the counts of renders by hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LEVELS_SECONDS = (3600, 86400)
# The integration itself, and all of its workspace.
NAMES = ("plugin_id", "''")

# Tenths of a millisecond, rounded to two significant digits.
STEP = "CASE " + " ".join(f"WHEN tenths < {10**digits} THEN {10 ** (digits - 2)}" for digits in range(2, 10))
STEP += " ELSE 100000000 END"
# Numbers without their fraction, and the text of a JSON object of the calls by duration.
WORDS = {
    "sqlite": {
        "hour": "CAST(at / 3600 AS INTEGER)",
        "tenths": "CAST(duration_ms * 10 + 0.5 AS INTEGER)",
        "durations": "json_group_object(CAST(duration AS TEXT), calls)",
    },
    "postgresql": {
        "hour": "CAST(trunc(at / 3600) AS bigint)",
        "tenths": "CAST(trunc(duration_ms * 10 + 0.5) AS bigint)",
        "durations": "replace(CAST(json_object_agg(CAST(duration AS TEXT), calls) AS text), ' ', '')",
    },
}
CALLS = f"""
CREATE TEMP TABLE calls_by_hour AS
SELECT workspace_id, plugin_id, starts_at, (tenths + step / 2) / step * step AS duration,
  count(*) AS calls, sum(is_for_token) AS token_calls, count(error_code) AS errors, sum(response_bytes) AS bytes
FROM (SELECT *, {STEP} AS step FROM (
  SELECT workspace_id, plugin_id, {{hour}} * 3600 AS starts_at,
    {{tenths}} AS tenths, CASE WHEN endpoint_id LIKE 'token:%' THEN 1 ELSE 0 END AS is_for_token,
    error_code, response_bytes FROM plugin_api_logs) AS calls) AS steps
GROUP BY workspace_id, plugin_id, starts_at, duration
"""  # noqa: S608 - our own numbers
WRITE_CALLS = """
INSERT INTO usage_periods (workspace_id, period_seconds, starts_at, plugin_id,
  renders, hits, stale, calls, token_calls, errors, bytes, durations)
SELECT workspace_id, {seconds}, start, name, 0, 0, 0, sum(calls), sum(token_calls), sum(errors), sum(bytes),
  {durations}
FROM (
  SELECT workspace_id, starts_at / {seconds} * {seconds} AS start, {name} AS name, duration,
    sum(calls) AS calls, sum(token_calls) AS token_calls, sum(errors) AS errors, sum(bytes) AS bytes
  FROM calls_by_hour GROUP BY workspace_id, start, name, duration) AS periods
GROUP BY workspace_id, start, name
"""
WRITE_RENDERS = """
INSERT INTO usage_periods (workspace_id, period_seconds, starts_at, plugin_id,
  renders, hits, stale, calls, token_calls, errors, bytes)
SELECT workspace_id, {seconds}, hour * 3600 / {seconds} * {seconds} AS start, {name} AS name,
  sum(renders), sum(hits), sum(stale), 0, 0, 0, 0
FROM usage_counts WHERE true GROUP BY workspace_id, start, name
ON CONFLICT (workspace_id, period_seconds, starts_at, plugin_id)
DO UPDATE SET renders = excluded.renders, hits = excluded.hits, stale = excluded.stale
"""


def upgrade() -> None:
    op.create_table(
        "usage_periods",
        _workspace_id(),
        sa.Column("period_seconds", WHOLE_NUMBER, primary_key=True),
        sa.Column("starts_at", WHOLE_NUMBER, primary_key=True),
        sa.Column("plugin_id", TEXT, primary_key=True),
        *_numbers("renders", "hits", "stale", "calls", "token_calls", "errors", "bytes"),
        sa.Column("durations", TEXT, nullable=True),
        # The rows of a period stand side by side.
        sqlite_with_rowid=False,
    )
    words = WORDS[op.get_context().dialect.name]
    op.execute(CALLS.format(**words))
    for seconds in LEVELS_SECONDS:
        for name in NAMES:
            op.execute(WRITE_CALLS.format(seconds=seconds, name=name, **words))
            op.execute(WRITE_RENDERS.format(seconds=seconds, name=name))
    op.execute("DROP TABLE calls_by_hour")
    op.drop_table("usage_counts")


def downgrade() -> None:
    op.create_table(
        "usage_counts",
        _workspace_id(),
        sa.Column("plugin_id", TEXT, primary_key=True),
        sa.Column("hour", WHOLE_NUMBER, primary_key=True),
        *_numbers("renders", "hits", "stale"),
    )
    op.execute(
        "INSERT INTO usage_counts (workspace_id, plugin_id, hour, renders, hits, stale) "
        "SELECT workspace_id, plugin_id, starts_at / 3600, renders, hits, stale FROM usage_periods "
        "WHERE period_seconds = 3600 AND plugin_id != '' AND renders > 0"
    )
    op.drop_table("usage_periods")


def _workspace_id() -> sa.Column[int]:
    return sa.Column(
        "workspace_id", WHOLE_NUMBER, sa.ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, WHOLE_NUMBER, nullable=False) for name in names]
