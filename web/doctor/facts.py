"""What the doctor looks at, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from plugin_store.engine.sqlite.file_check import FileCheck


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One path of the data folder. `mode` is its permission bits; None where it does not exist."""

    path: str
    mode: int | None
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """The machine and the data folder. Sizes are bytes, times epoch seconds."""

    files: tuple[FileFacts, ...]
    free_bytes: int
    now: float
    latest_at: float | None
    """The latest time that a file or a row was written at."""
    ignored_variables: tuple[str, ...]
    authorities: int
    """The number of certificate authorities that providers may be certified by."""
    running_version: str | None
    """Of the server that answers at the configured address; None if none does, or if this is it."""
    own_version: str


@dataclass(frozen=True, slots=True)
class CacheFacts:
    """The cache of answers; None where it was not used yet."""

    size_bytes: int
    limit_bytes: int
    reads_back: bool


@dataclass(frozen=True, slots=True)
class IntegrationFacts:
    """One enabled integration of a workspace, with its calls of the last day."""

    workspace_id: int
    integration_id: str
    needs_review: bool
    missing: tuple[str, ...]
    unreadable: tuple[str, ...]
    spent_windows: tuple[str, ...]
    paused_origins: tuple[tuple[str, str], ...]
    """Origin and reason."""
    unresolved_host: str | None
    calls: int
    errors: int


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What the store says. Waiting is in seconds."""

    unreadable_secrets: int
    key_error: str | None
    integrations: tuple[IntegrationFacts, ...]
    late_jobs: int
    longest_wait: float
    is_prefetch_on: bool
    last_call_at: float | None
    has_store_key: bool = True
    """False where hosts share the store, and its key is not one of this server's."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All of them; `store` is None where the store cannot be read or is of another version."""

    machine: MachineFacts
    file: FileCheck | None
    """None where the store is on a database server."""
    cache: CacheFacts | None
    store: StoreFacts | None
    store_trouble: str | None = None
    """Why the store cannot be read or written, if the engine says so."""
