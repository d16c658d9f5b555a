"""Artifacts: fetched answers, ready to be sent again.

A body store keeps a body as the JSON of the envelope's `data`, after a short header with its lifetime. A row in
`integration_artifacts` says which request it answers. A hit reads the cache once and nothing else.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, select, update

from errors import StorageFailed
from integrations.caching.artifact_rows import ArtifactRow
from integrations.caching.body_store import BodyStore, Entry
from integrations.caching.conditional_requests import Validators
from integrations.caching.eviction import DELETE_BATCH, Eviction, drop, forget_rows
from integrations.caching.freshness import Freshness, State
from integrations.concurrency.interpreter_slots import released_slot
from integrations.egress.messages import Headers
from integrations.history.samples import Samples, write_samples
from integrations.json.exact_json import dump_json
from plugin_store.engine.database import Database
from plugin_store.engine.dialect import upsert
from plugin_store.engine.group_commit import GroupCommit
from plugin_store.events import write_event
from plugin_store.models import IntegrationArtifact, Plugin

_NUMBER_BYTES = 4
_HEAD_START = 2 * _NUMBER_BYTES

FIND_EPOCH = "SELECT artifacts_epoch FROM plugins, workspaces WHERE workspaces.id = ? AND plugins.id = ?"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A stored answer. `data` is JSON: the value of the envelope's `data`."""

    key: str
    content_type: str
    data: bytes = field(repr=False)
    fetched_at: float
    freshness: Freshness
    etag: str
    validators: Validators | None = field(default=None, repr=False)
    """How to ask the provider whether it is still right, where that can be asked."""
    call_key: str | None = None
    """The key of the endpoint's question whose answer `validators` are about, and all of `data` comes from."""

    def state_at(self, now: float) -> State:
        return self.freshness.state_at(now)


@dataclass(frozen=True, slots=True)
class ArtifactSource:
    """What an artifact was fetched for: workspace, plugin, block or endpoint, and parameters."""

    workspace_id: int
    plugin_id: str
    epoch: str
    """The plugin's `artifacts_epoch` when the fetch began: what was purged since is not written back."""
    block_id: str | None
    endpoint_id: str | None
    parameters: Mapping[str, Any]
    manifest_digest: str

    @property
    def generation(self) -> str:
        """Changes with each purge and each new manifest.

        A failure of an earlier generation does not affect later requests.
        """
        return f"{self.epoch}:{self.manifest_digest[:16]}"


@dataclass(frozen=True, slots=True, eq=False)
class _New:
    """An artifact to be stored: its source, body and row."""

    source: ArtifactSource
    entry: Entry
    row: dict[str, Any]
    samples: Samples | None

    @property
    def place(self) -> tuple[int, str]:
        return self.source.workspace_id, self.source.plugin_id


def make_artifact(
    key: str,
    content_type: str,
    data: bytes,
    fetched_at: float,
    freshness: Freshness,
    validators: Validators | None = None,
    call_key: str | None = None,
) -> Artifact:
    """The artifact of a fetched answer. Its ETag is strong and depends only on the answer."""
    etag = hashlib.sha256(content_type.encode() + b"\0" + data).hexdigest()[:32]
    return Artifact(key, content_type, data, fetched_at, freshness, etag, validators, call_key)


class Artifacts:
    """The stored artifacts. `eviction` is told about uses and added bytes."""

    def __init__(
        self, bodies: BodyStore, database: Database, clock: Callable[[], float], eviction: Eviction
    ) -> None:
        self._bodies = bodies
        self._database = database
        self._clock = clock
        self._eviction = eviction
        self._together: GroupCommit[_New, bool] = GroupCommit(
            database.write_lock, self._keep_all, waiting=released_slot
        )

    def get(self, key: str) -> Artifact | None:
        """The artifact; None once it has expired for every use."""
        stored = self._bodies.get(key)
        return self._read(key, stored) if stored is not None else None

    def get_with(self, key: str, note_key: str) -> tuple[Artifact | None, bytes | None]:
        """The artifact, and the bytes stored under `note_key`, in one lookup."""
        found = self._bodies.get_all((key, note_key))
        return self._read(key, found[key]) if key in found else None, found.get(note_key)

    def _read(self, key: str, stored: bytes) -> Artifact | None:
        artifact = _unpack(key, stored)
        if artifact is None or artifact.state_at(self._clock()) is State.GONE:
            return None
        return artifact

    def record_use(self, key: str) -> None:
        """Records that the artifact was served now. Costs a fraction of a microsecond and writes nothing."""
        self._eviction.access_log.note(key)

    def put(
        self, artifact: Artifact, source: ArtifactSource, siblings: int = 0, samples: Samples | None = None
    ) -> bool:
        """Stores the artifact, and the samples that were taken of it.

        Returns False if its plugin or workspace was purged or deleted meanwhile. `siblings` is the number of other
        fetches in progress, whose artifacts may be stored in the same commit.
        Raises StorageFailed if nothing can be written.
        """
        keep_seconds = artifact.freshness.kept_until - self._clock()
        if keep_seconds <= 0:
            return False
        packed = _pack(artifact)
        is_kept = self._together.write(
            _New(source, (artifact.key, packed, keep_seconds), _row(artifact, source, len(packed)), samples),
            siblings,
        )
        if is_kept:
            self._eviction.note_growth(len(packed))
        return is_kept

    def _keep_all(self, new: Sequence[_New]) -> Sequence[bool]:
        """Whether each one was stored. Bodies are written before their rows."""
        with self._database.raw_write() as connection:
            # There is one writer at a time: a purge either ran before, and is seen here, or runs later and deletes this
            # too.
            epochs = {
                place: connection.execute(FIND_EPOCH, place).fetchone()
                for place in {artifact.place for artifact in new}
            }
            valid = [artifact for artifact in new if epochs[artifact.place] == (artifact.source.epoch,)]
            if not valid or not self._bodies.keep_all(connection, [artifact.entry for artifact in valid]):
                return [False] * len(new)
            connection.executemany(KEEP_ROW, [artifact.row for artifact in valid])
            write_samples(
                connection, [artifact.samples for artifact in valid if artifact.samples is not None]
            )
        return [artifact in valid for artifact in new]

    def note_failure(self, key: str, code: str) -> None:
        """Records that the artifact's last refresh failed with `code`."""
        with self._database.writing() as session:
            session.execute(
                update(IntegrationArtifact)
                .where(IntegrationArtifact.parameters_hash == key)
                .values(last_error=code)
            )

    def list_artifacts(
        self,
        workspace_id: int,
        offset: int,
        limit: int,
        *,
        plugin_id: str | None = None,
        block_id: str | None = None,
        among: Collection[str] | None = None,
    ) -> tuple[list[ArtifactRow], int]:
        """A page of the usable artifacts of a plugin or of all, newest first, and their total number.

        With `among` only those of the plugins with these ids.
        """
        mine = _narrowed(plugin_id, workspace_id, block_id)
        if among is not None:
            mine.append(IntegrationArtifact.plugin_id.in_(among))
        while True:
            rows, total = self._list_rows(mine, offset, limit)
            lost = self._bodies.lacking([row.parameters_hash for row in rows])
            if not lost:
                return [ArtifactRow.of(row) for row in rows], total
            # The body of a listed row can be missing: its file was damaged or deleted.
            try:
                self._forget_rows(lost)
            except StorageFailed:
                whole = [ArtifactRow.of(row) for row in rows if row.parameters_hash not in lost]
                return whole, total - len(lost)

    def purge(
        self,
        plugin_id: str | None = None,
        workspace_id: int | None = None,
        block_id: str | None = None,
        step_endpoint_ids: Collection[str] = (),
        key: str | None = None,
    ) -> int:
        """Deletes the artifacts of the plugin, workspace and block, where given, and returns their number.

        With a key, only that one of the block's. With a block, the artifacts of its steps (by endpoint id) are deleted
        too, else the block would be rebuilt from the same data. Fetches in progress are not stored either. Raises
        StorageFailed if something could not be deleted.
        """
        mine = _narrowed(plugin_id, workspace_id)
        if block_id is not None:
            table = IntegrationArtifact
            of_steps = table.block_id.is_(None) & table.endpoint_id.in_(step_endpoint_ids)
            wanted = table.block_id == block_id if key is None else table.parameters_hash == key
            mine.append(wanted | of_steps)
        elif key is not None:
            mine.append(IntegrationArtifact.parameters_hash == key)
        purged = 0
        with self._database.writing() as session:
            # Writing each epoch also raises the store's revision, so every memory cache of artifacts notices the purge.
            plugins = update(Plugin).values(artifacts_epoch=secrets.token_hex(8))
            session.execute(plugins if plugin_id is None else plugins.where(Plugin.id == plugin_id))
            write_event(session, "artifacts.purged", (workspace_id, None), plugin_id, block_id)
        while True:
            with self._database.writing() as session:
                keys = session.scalars(
                    select(IntegrationArtifact.parameters_hash).where(*mine).limit(DELETE_BATCH)
                ).all()
                drop(session, self._bodies, keys)
            purged += len(keys)
            if len(keys) < DELETE_BATCH:
                return purged

    def keys_of(self, plugin_id: str | None = None, workspace_id: int | None = None) -> list[str]:
        """The keys of the artifacts of the plugin or the workspace."""
        with self._database.reading() as session:
            mine = _narrowed(plugin_id, workspace_id)
            return list(session.scalars(select(IntegrationArtifact.parameters_hash).where(*mine)))

    def delete_bodies(self, keys: Sequence[str]) -> None:
        """Deletes the bodies of rows that were deleted."""
        self._bodies.delete_all(keys)

    def _forget_rows(self, keys: Sequence[str]) -> None:
        with self._database.writing() as session:
            forget_rows(session, self._bodies, keys)

    def _list_rows(
        self, wanted: Sequence[ColumnElement[bool]], offset: int, limit: int
    ) -> tuple[Sequence[IntegrationArtifact], int]:
        table = IntegrationArtifact
        mine = (*wanted, table.kept_until > self._clock())
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(table).where(*mine)) or 0
            rows = session.scalars(
                select(table)
                .where(*mine)
                .order_by(table.fetched_at.desc(), table.parameters_hash)
                .offset(offset)
                .limit(limit)
            ).all()
        return rows, total


def _narrowed(
    plugin_id: str | None = None, workspace_id: int | None = None, block_id: str | None = None
) -> list[ColumnElement[bool]]:
    table = IntegrationArtifact
    wanted = ((table.plugin_id, plugin_id), (table.workspace_id, workspace_id), (table.block_id, block_id))
    return [column == value for column, value in wanted if value is not None]


def _pack(artifact: Artifact) -> bytes:
    freshness = artifact.freshness
    head = orjson.dumps(
        [
            artifact.content_type,
            artifact.fetched_at,
            freshness.expires_at,
            freshness.revalidate_until,
            freshness.error_until,
            artifact.etag,
            freshness.renewable_until,
            artifact.call_key,
            artifact.validators.headers.items if artifact.validators else None,
        ]
    )
    checksum = zlib.crc32(artifact.data, zlib.crc32(head))
    return _number(checksum) + _number(len(head)) + head + artifact.data


def _number(value: int) -> bytes:
    return value.to_bytes(_NUMBER_BYTES, "big")


def _unpack(key: str, stored: bytes) -> Artifact | None:
    """The artifact; None for bytes other than those packed, as after a crash of the machine."""
    if stored[:_NUMBER_BYTES] != _number(zlib.crc32(memoryview(stored)[_HEAD_START:])):
        return None
    try:
        start = _HEAD_START + int.from_bytes(stored[_NUMBER_BYTES:_HEAD_START], "big")
        content_type, fetched_at, expires_at, revalidate_until, error_until, etag, *more = orjson.loads(
            stored[_HEAD_START:start]
        )
        renewable_until, call_key, validators = more
        freshness = Freshness(
            float(expires_at), float(revalidate_until), float(error_until), float(renewable_until)
        )
        return Artifact(
            key,
            str(content_type),
            stored[start:],
            float(fetched_at),
            freshness,
            str(etag),
            Validators(Headers(tuple((name, value) for name, value in validators))) if validators else None,
            call_key,
        )
    except (ValueError, TypeError):
        return None


KEEP_ROW = upsert(IntegrationArtifact, ["parameters_hash"])


def _row(artifact: Artifact, source: ArtifactSource, size_bytes: int) -> dict[str, Any]:
    return {
        "parameters_hash": artifact.key,
        "workspace_id": source.workspace_id,
        "plugin_id": source.plugin_id,
        "block_id": source.block_id,
        "endpoint_id": source.endpoint_id,
        "parameters": dump_json(dict(source.parameters)).decode(),
        "fetched_at": artifact.fetched_at,
        "expires_at": artifact.freshness.expires_at,
        "stale_until": artifact.freshness.stale_until,
        "kept_until": artifact.freshness.kept_until,
        "size_bytes": size_bytes,
        "content_type": artifact.content_type,
        "last_error": None,
        "last_used_at": artifact.fetched_at,
    }
