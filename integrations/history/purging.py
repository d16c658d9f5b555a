"""Deletes the history of a plugin's blocks, because a user asks for it."""

from __future__ import annotations

import secrets

from plugin_store.engine.database import Database

# Of one transaction. Other writers wait for some tenths of a second at most.
SERIES_AT_ONCE = 10

_NEW_EPOCH = "UPDATE plugins SET artifacts_epoch = ? WHERE id = ?"
_FIND = (
    "SELECT id FROM history_series WHERE workspace_id = :workspace_id AND plugin_id = :plugin_id "
    "AND (CAST(:block_id AS TEXT) IS NULL OR block_id = :block_id) LIMIT :limit"
)
_DELETE_SAMPLES = "DELETE FROM history_samples WHERE series_id = ?"
_DELETE_SERIES = "DELETE FROM history_series WHERE id = ?"


def purge_history(database: Database, workspace_id: int, plugin_id: str, block_id: str | None = None) -> int:
    """Deletes the samples of the plugin or of one of its blocks in the workspace, and returns their number.

    Fetches in progress leave no sample either. Raises StorageFailed.
    """
    with database.raw_write() as connection:
        # What was asked before a change of the epoch is not stored, neither the answer nor its samples.
        connection.execute(_NEW_EPOCH, (secrets.token_hex(8), plugin_id))
    mine = {
        "workspace_id": workspace_id,
        "plugin_id": plugin_id,
        "block_id": block_id,
        "limit": SERIES_AT_ONCE,
    }
    purged = 0
    while True:
        with database.raw_write() as connection:
            ids = connection.execute(_FIND, mine).fetchall()
            purged += max(0, connection.executemany(_DELETE_SAMPLES, ids).rowcount)
            connection.executemany(_DELETE_SERIES, ids)
        if len(ids) < SERIES_AT_ONCE:
            return purged
