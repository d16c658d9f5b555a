"""Artifacts as they are listed for people: what they answer, how long, how large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plugin_store.engine.database import Database
from plugin_store.models import IntegrationArtifact


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """An artifact without its body. Times are epoch seconds."""

    parameters_hash: str
    plugin_id: str
    block_id: str | None
    endpoint_id: str | None
    parameters: Mapping[str, Any]
    fetched_at: float
    expires_at: float
    stale_until: float
    size_bytes: int
    content_type: str
    last_error: str | None

    @classmethod
    def of(cls, row: IntegrationArtifact) -> ArtifactRow:
        """The row of the table, detached from its session."""
        return cls(**{name: getattr(row, name) for name in cls.__slots__})


def find_artifact_row(database: Database, key: str, workspace_id: int, now: float) -> ArtifactRow | None:
    """The row of an artifact that is usable now; None if the workspace has no such one."""
    with database.reading() as session:
        row = session.get(IntegrationArtifact, key)
    if row is None or row.workspace_id != workspace_id or row.kept_until <= now:
        return None
    return ArtifactRow.of(row)
