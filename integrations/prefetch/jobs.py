"""The stored prefetch jobs."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import ColumnElement, Table, and_, bindparam, case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from errors import NotFound
from integrations.prefetch.job_filter import STATES, JobFilter, is_late
from integrations.prefetch.schedule import MAX_FIRST_DELAY_SECONDS
from integrations.usage.recent_renders import Use
from plugin_store.engine.change_record import describe_whole
from plugin_store.engine.database import Database
from plugin_store.engine.paging import Page
from plugin_store.models import Notebook, NotebookPluginConfig, PrefetchJob, Workspace
from plugin_store.ownership import mark_jobs
from plugin_store.workspaces import Scope

CHUNK_ROWS = 500
MAX_USED_SETS = 500
"""Input sets of one block that are kept warm in one workspace only because they are used."""

UNPLANNED = "unplanned:"
KEPT_COLUMNS = ("is_default", "is_paused", "used_at", "runs_since_used")
WAITS = "settings_incomplete"

TABLE = cast(Table, PrefetchJob.__table__)

Item = TypeVar("Item")
Row = Mapping[str, Any]


class Due(NamedTuple):
    """A job that is due."""

    id: int
    plugin_id: str


class Jobs:
    """Rows of `prefetch_jobs`. Every method raises StorageFailed when the store cannot be read or written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: float) -> list[Due]:
        """The jobs to run now, the longest overdue first."""
        query = (
            "SELECT id, plugin_id FROM prefetch_jobs "
            "WHERE next_run_at <= ? AND NOT is_paused ORDER BY next_run_at"
        )
        return [Due(*row) for row in self._database.query(query, (now,))]

    def next_run_at(self, artifact_key: str) -> float | None:
        """When the artifact is prefetched next; None if it is not."""
        query = "SELECT min(next_run_at) FROM prefetch_jobs WHERE artifact_key = ? AND NOT is_paused"
        return self._database.query(query, (artifact_key,))[0][0]

    def get(self, job_id: int) -> PrefetchJob:
        """Raises NotFound."""
        with self._database.reading() as session:
            job = _find(session, job_id)
            mark_jobs(session, [job])
            return job

    def find(self, job_id: int) -> PrefetchJob | None:
        with self._database.reading() as session:
            return session.get(PrefetchJob, job_id)

    def of_plugin(self, workspace_id: int, plugin_id: str) -> Sequence[PrefetchJob]:
        """The jobs of a plugin in a workspace and its notebooks."""
        mine = (PrefetchJob.workspace_id == workspace_id) & (PrefetchJob.plugin_id == plugin_id)
        with self._database.reading() as session:
            return session.scalars(select(PrefetchJob).where(mine)).all()

    def reconciled_fingerprints(self) -> dict[tuple[int, str], str]:
        """For each workspace and plugin with jobs, the fingerprint under which all of them were reconciled; else ""."""
        columns = (PrefetchJob.workspace_id, PrefetchJob.plugin_id, PrefetchJob.settled)
        fingerprints: dict[tuple[int, str], str] = {}
        with self._database.reading() as session:
            for workspace_id, plugin_id, fingerprint in session.execute(select(*columns).distinct()):
                place = (workspace_id, plugin_id)
                fingerprints[place] = (
                    fingerprint or "" if fingerprints.get(place, fingerprint) == fingerprint else ""
                )
        return fingerprints

    def settle(self, fingerprints: Mapping[tuple[int, str], str]) -> None:
        """Records the fingerprints under which the jobs of plugins in workspaces were reconciled."""
        statement = (
            update(TABLE)
            .where(TABLE.c.workspace_id == bindparam("workspace"), TABLE.c.plugin_id == bindparam("plugin"))
            .values(settled=bindparam("fingerprint"))
        )
        rows = [
            {"workspace": workspace_id, "plugin": plugin_id, "fingerprint": fingerprint}
            for (workspace_id, plugin_id), fingerprint in fingerprints.items()
        ]
        for chunk in _chunks(rows):
            with self._database.writing() as session:
                session.connection().execute(statement, list(chunk))

    def after_clock_reset(self, now: float) -> Sequence[PrefetchJob]:
        """Jobs that seem to have run after `now`, or are new and far in the future: the clock was set back since."""
        is_new = PrefetchJob.fetched_at.is_(None) & PrefetchJob.last_run_at.is_(None)
        later = (
            (PrefetchJob.fetched_at > now)
            | (PrefetchJob.last_run_at > now)
            | (is_new & (PrefetchJob.next_run_at > now + MAX_FIRST_DELAY_SECONDS))
        )
        with self._database.reading() as session:
            return session.scalars(select(PrefetchJob).where(later)).all()

    def list_jobs(self, scope: Scope, wanted: JobFilter, page: Page) -> tuple[Sequence[PrefetchJob], int]:
        """A page of the workspace's jobs (or only the notebook's own, if one is named), the next to run first."""
        mine = and_(_of(scope), *wanted.conditions())
        order = (PrefetchJob.next_run_at.is_(None), PrefetchJob.next_run_at, PrefetchJob.id)
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(PrefetchJob).where(mine)) or 0
            query = select(PrefetchJob).where(mine).order_by(*order).offset(page.offset).limit(page.size)
            jobs = session.scalars(query).all()
            mark_jobs(session, jobs)
            return jobs, total

    def count_states(self, scope: Scope, now: float, among: Collection[str] | None = None) -> dict[str, int]:
        """How many jobs `list_jobs` has for each of the STATES, and how many are `late`.

        With `among` only those of the plugins with these ids.
        """
        counted = {**STATES, "late": is_late(now)}
        sums = [func.count().filter(state).label(name) for name, state in counted.items()]
        query = select(*sums).select_from(PrefetchJob).where(_of(scope), *JobFilter(among=among).conditions())
        with self._database.reading() as session:
            return dict(session.execute(query).one()._mapping)

    def workspace_ids(self) -> Sequence[int]:
        with self._database.reading() as session:
            return session.scalars(select(Workspace.id)).all()

    def notebook_settings(self) -> list[tuple[int, str, int, list[Any]]]:
        """The settings that notebooks set themselves: workspace, plugin, notebook, and the setting."""
        own = NotebookPluginConfig
        query = select(Notebook.workspace_id, own.plugin_id, own.notebook_id, own.enabled, own.config).join(
            Notebook, own.notebook_id == Notebook.id
        )
        with self._database.reading() as session:
            return [(*row[:3], [row.enabled, row.config]) for row in session.execute(query)]

    def change(self, job_id: int, **values: Any) -> PrefetchJob:
        """Writes these values and returns the job. Raises NotFound."""
        with self._database.writing() as session:
            job = _find(session, job_id)
            mark_jobs(session, [job])
            describe_whole(plugin=job.plugin_id, block=job.block_id, **values)
            for name, value in values.items():
                setattr(job, name, value)
            return job

    def pin(self, row: Row) -> PrefetchJob:
        """Pins the job with the row's artifact key, and returns it. Adds the job if there is none."""
        with self._database.writing() as session:
            job = session.scalar(select(PrefetchJob).where(PrefetchJob.artifact_key == row["artifact_key"]))
            if job is None:
                job = PrefetchJob(**row)
                session.add(job)
            job.is_pinned = True
            session.flush()
            describe_whole(job_id=job.id, plugin=job.plugin_id, block=job.block_id)
            mark_jobs(session, [job])
            return job

    def unplanned_pins(self) -> Sequence[PrefetchJob]:
        """The pins that were written without an artifact key, by `unplanned_pin`."""
        query = select(PrefetchJob).where(PrefetchJob.artifact_key.startswith(UNPLANNED, autoescape=True))
        with self._database.reading() as session:
            return session.scalars(query).all()

    def take_over(self, job: PrefetchJob, plan: Row) -> None:
        """Writes the plan of an unplanned pin. Another job with its artifact key gives way, but not its use."""
        key = plan["artifact_key"]
        with self._database.writing() as session:
            other = session.scalar(select(PrefetchJob).where(PrefetchJob.artifact_key == key).limit(1))
            kept = {} if other is None else {name: getattr(other, name) for name in KEPT_COLUMNS}
            if other is not None:
                session.delete(other)
            session.execute(update(PrefetchJob).where(PrefetchJob.id == job.id).values({**plan, **kept}))

    def note_run(self, job: PrefetchJob, values: Row) -> None:
        """Writes the result of a run, unless the settings changed the job's artifact key meanwhile.

        A job that was paused, or began to wait, during the run has no next run.
        """
        rests = PrefetchJob.is_paused | PrefetchJob.waits_for.is_not(None)
        next_run_at = case((rests, None), else_=values["next_run_at"])
        with self._database.writing() as session:
            session.execute(
                update(PrefetchJob)
                .where(PrefetchJob.id == job.id, PrefetchJob.artifact_key == job.artifact_key)
                .values({**values, "next_run_at": next_run_at})
            )

    def note_uses(self, uses: Sequence[Use]) -> list[Use]:
        """Writes when input sets were last used. Returns the uses that no job is known for yet."""
        new: list[Use] = []
        for chunk in _chunks(uses):
            with self._database.writing() as session:
                known = _known_keys(session, [use.key for use in chunk])
                new += [use for use in chunk if use.key not in known]
                used = [{"used_key": use.key, "used_at": use.at} for use in chunk if use.key in known]
                if used:
                    session.connection().execute(
                        update(TABLE)
                        .where(TABLE.c.artifact_key == bindparam("used_key"))
                        .values(used_at=bindparam("used_at"), runs_since_used=0),
                        used,
                    )
        return new

    def add_all(self, rows: Sequence[Row]) -> None:
        """Adds the rows whose artifact key no row has yet."""
        for chunk in _chunks(rows):
            with self._database.writing() as session:
                # A waiting job has no artifact key in use, so another scope may have a job with the same one.
                asks = PrefetchJob.waits_for.is_(None)
                known = _known_keys(session, [row["artifact_key"] for row in chunk], asks)
                new = {row["artifact_key"]: dict(row) for row in chunk if row["artifact_key"] not in known}
                if new:
                    session.execute(insert(PrefetchJob), list(new.values()))

    def change_all(self, rows: Sequence[Row]) -> None:
        """Writes values by `id`. Deleted rows stay deleted."""
        alike: dict[frozenset[str], list[Row]] = defaultdict(list)
        for row in rows:
            alike[frozenset(row)].append(row)
        for columns, group in alike.items():
            statement = (
                update(TABLE)
                .where(TABLE.c.id == bindparam("job_id"))
                .values({name: bindparam(name) for name in columns - {"id"}})
            )
            for chunk in _chunks(group):
                with self._database.writing() as session:
                    values = [
                        {("job_id" if name == "id" else name): value for name, value in row.items()}
                        for row in chunk
                    ]
                    session.connection().execute(statement, values)

    def delete_all(self, ids: Sequence[int]) -> None:
        for chunk in _chunks(ids):
            with self._database.writing() as session:
                session.execute(delete(PrefetchJob).where(PrefetchJob.id.in_(chunk)))

    def trim_used(self, workspace_id: int, plugin_id: str, block_id: str) -> None:
        """Deletes the used input sets of a block beyond the maximum number, the least recently used first."""
        table = PrefetchJob
        beyond = (
            select(table.id)
            .where(
                table.workspace_id == workspace_id,
                table.plugin_id == plugin_id,
                table.block_id == block_id,
                ~table.is_default,
                ~table.is_pinned,
            )
            .order_by(table.used_at.desc().nulls_last())
            .offset(MAX_USED_SETS)
        )
        with self._database.writing() as session:
            session.execute(delete(table).where(table.id.in_(beyond.scalar_subquery())))


def unplanned_pin(scope: Scope, plugin_id: str, block_id: str, parameters: Mapping[str, Any]) -> PrefetchJob:
    """A pin for a transaction that also writes the settings it depends on. `Planner.plan_pins` plans it afterwards."""
    return PrefetchJob(
        workspace_id=scope.workspace_id,
        notebook_id=scope.notebook_id,
        plugin_id=plugin_id,
        block_id=block_id,
        parameters=dict(parameters),
        artifact_key=f"{UNPLANNED}{secrets.token_hex(16)}",
        is_pinned=True,
        waits_for=WAITS,
    )


def _find(session: Session, job_id: int) -> PrefetchJob:
    job = session.get(PrefetchJob, job_id)
    if job is None:
        raise NotFound(f"There is no prefetch job {job_id}.")
    return job


def _known_keys(session: Session, keys: Sequence[str], *conditions: ColumnElement[bool]) -> set[str]:
    key = PrefetchJob.artifact_key
    return set(session.scalars(select(key).where(key.in_(keys), *conditions)))


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), CHUNK_ROWS):
        yield items[start : start + CHUNK_ROWS]


def _of(scope: Scope) -> ColumnElement[bool]:
    """The jobs of the workspace, or only the notebook's own, if one is named."""
    mine: ColumnElement[bool] = PrefetchJob.workspace_id == scope.workspace_id
    return mine if scope.notebook_id is None else mine & (PrefetchJob.notebook_id == scope.notebook_id)
