"""Which actions were run under which key, and their outcome. Kept for a day, across processes and restarts.

A row is written before anything is sent. A lock beside it tells a running action from one whose process ended, because
a lock ends with its process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from errors import (
    ActionInProgress,
    IdempotencyKeyReused,
    NotFound,
    OutcomeUnknown,
    PatchbayError,
    StorageFailed,
    kinds_by_code,
)
from integrations.json.canonical_json import digest
from plugin_store.engine.database import Connection, Database
from plugin_store.engine.locks import Locks

KEPT_SECONDS = 86400.0
# Larger answers are not stored: a repeated request gets the outcome without the data.
MAX_KEPT_BYTES = 1024 * 1024
SWEPT_AT_ONCE = 500

_log = logging.getLogger(__name__)

_KEY = "workspace_id, plugin_id, target, key_digest"
_MINE = "workspace_id = ? AND plugin_id = ? AND target = ? AND key_digest = ?"
_FIND = f"SELECT payload, finished_at, answer, data FROM action_runs WHERE {_MINE}"  # noqa: S608 - our own words
_BEGIN = (
    "INSERT INTO action_runs (workspace_id, plugin_id, target, key_digest, payload, started_at) "
    "SELECT ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM workspaces WHERE id = ?)"
)
_FINISH = f"UPDATE action_runs SET finished_at = ?, answer = ?, data = ? WHERE {_MINE}"  # noqa: S608 - our own words
_DROP = f"DELETE FROM action_runs WHERE {_MINE}"  # noqa: S608 - our own words
_SWEEP = (
    f"DELETE FROM action_runs WHERE ({_KEY}) IN "  # noqa: S608 - our own words
    f"(SELECT {_KEY} FROM action_runs WHERE started_at < ? ORDER BY started_at LIMIT ?)"
)


@dataclass(frozen=True, slots=True)
class Run:
    """One request for an action: its scope, block or endpoint, key, and a digest of the request."""

    workspace_id: int
    plugin_id: str
    target: str
    key_digest: str
    payload: str

    @property
    def place(self) -> tuple[int, str, str, str]:
        return self.workspace_id, self.plugin_id, self.target, self.key_digest

    @property
    def lock_key(self) -> str:
        return "action:" + digest(list(self.place))


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The provider's answer. `data` is JSON; `renewed` are the blocks whose artifacts were purged.

    `error` says why a part is missing, if one is. `fetched_at` is epoch seconds.
    """

    data: bytes = field(repr=False)
    content_type: str
    fetched_at: float
    renewed: tuple[str, ...]
    error: PatchbayError | None = None


Ending = ActionResult | PatchbayError


class Runs:
    """The runs of all processes on one store."""

    def __init__(self, database: Database, locks: Locks, clock: Callable[[], float]) -> None:
        self._database = database
        self._locks = locks
        self._clock = clock

    def take(self, run: Run) -> Ending | None:
        """The outcome of a run under this key; None if the caller should run it now and must call `release` then.

        Raises IdempotencyKeyReused for a key of another request, ActionInProgress while it runs, OutcomeUnknown if its
        process ended during the run, StorageFailed if nothing can be written.
        """
        is_mine = self._locks.acquire(run.lock_key)
        try:
            ending = self._find_or_begin(run, is_mine=is_mine)
        except BaseException:
            if is_mine:
                self.release(run)
            raise
        if ending is not None and is_mine:
            self.release(run)
        return ending

    def finish(self, run: Run, ending: Ending) -> None:
        """Stores the outcome of the run. If that cannot be written, the outcome counts as unknown."""
        answer, data = _pack(ending)
        self._jot(run, _FINISH, (self._clock(), answer, data, *run.place))

    def drop(self, run: Run) -> None:
        """Deletes a run that sent nothing. Its key may be used again."""
        self._jot(run, _DROP, run.place)

    def release(self, run: Run) -> None:
        """Marks the run as not running any more."""
        self._locks.release(run.lock_key)

    def _find_or_begin(self, run: Run, *, is_mine: bool) -> Ending | None:
        now = self._clock()
        with self._database.raw_write() as connection:
            connection.execute(_SWEEP, (now - KEPT_SECONDS, SWEPT_AT_ONCE))
            row = connection.execute(_FIND, run.place).fetchone()
            if row is None or row[0] != run.payload or row[1] is None:
                _require_unknown(run, row, is_mine=is_mine)
                _begin(connection, run, now)
                return None
        return _unpack(row[2], row[3])

    def _jot(self, run: Run, statement: str, values: tuple[Any, ...]) -> None:
        try:
            with self._database.raw_write() as connection:
                connection.execute(statement, values)
        except StorageFailed as error:
            _log.warning("The outcome of an action of %s cannot be stored: %s", run.plugin_id, error.detail)


def _require_unknown(run: Run, row: tuple[Any, ...] | None, *, is_mine: bool) -> None:
    """Raises the meaning of a row without an outcome, or of a lock that another holder has."""
    if row is not None and row[0] != run.payload:
        raise IdempotencyKeyReused(
            "Another request was made with this `Idempotency-Key`. Send a new key with a new request."
        )
    if not is_mine:
        raise ActionInProgress(
            "The first request with this `Idempotency-Key` is still running.", retry_after_seconds=1.0
        )
    if row is not None:
        raise OutcomeUnknown(
            "The server ended while this action was running, so it may have been carried out. "
            "Check the result at the provider before you run it with a new `Idempotency-Key`."
        )


def _begin(connection: Connection, run: Run, now: float) -> None:
    begun = connection.execute(_BEGIN, (*run.place, run.payload, now, run.workspace_id))
    if begun.rowcount == 0:
        raise NotFound(f"There is no workspace {run.workspace_id}.")


def _pack(ending: Ending) -> tuple[str, bytes | None]:
    if isinstance(ending, PatchbayError):
        return orjson.dumps({"failed": _said(ending)}, option=orjson.OPT_NON_STR_KEYS).decode(), None
    answer = {
        "content_type": ending.content_type,
        "fetched_at": ending.fetched_at,
        "renewed": ending.renewed,
        "error": None if ending.error is None else _said(ending.error),
    }
    data = ending.data if len(ending.data) <= MAX_KEPT_BYTES else b"null"
    return orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS).decode(), data


def _unpack(answer: str, data: bytes | None) -> Ending:
    said = orjson.loads(answer)
    if "failed" in said:
        return _error_of(said["failed"])
    error = None if said["error"] is None else _error_of(said["error"])
    return ActionResult(
        data or b"null", said["content_type"], said["fetched_at"], tuple(said["renewed"]), error
    )


def _said(error: PatchbayError) -> list[Any]:
    return [error.code, error.detail, error.errors, error.extensions]


def _error_of(said: list[Any]) -> PatchbayError:
    code, detail, errors, extensions = said
    return kinds_by_code().get(code, PatchbayError)(detail, errors=errors, **extensions)
