"""The tables of the store. Times are epoch seconds; JSON columns hold the text that orjson writes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from plugin_store.columns import WHOLE_NUMBER, Json
from schemas.manifests.display import icon_of


class Base(DeclarativeBase):
    """The declarative base, so that type checkers know the columns."""

    registry = registry(type_annotation_map={int: WHOLE_NUMBER})


class Managed:
    """A row that a provisioning file may own. `managed_by` is no column, but set where the row is read to be shown."""

    __allow_unmapped__ = True
    managed_by: str | None = None


class Plugin(Managed, Base):
    """A declared plugin. `digest` covers name, version, type and manifest; `declared_by` is a token, NULL the owner."""

    __tablename__ = "plugins"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text, index=True)
    manifest: Mapped[dict[str, Any]] = mapped_column(Json)
    digest: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool | None]
    artifacts_epoch: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[float]
    updated_at: Mapped[float]
    last_seen_at: Mapped[float]
    declared_by: Mapped[int | None]

    @property
    def icon(self) -> str | None:
        """The icon that the manifest declares; None if it has none that can be drawn."""
        return icon_of(self.manifest)


class Workspace(Managed, Base):
    __tablename__ = "workspaces"
    # Ids are never reused: a new workspace must not get the artifacts of a deleted one.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own shape

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float]
    time_zone: Mapped[str | None] = mapped_column(Text)
    """A name of the IANA database; NULL is the machine's."""


class Notebook(Managed, Base):
    __tablename__ = "notebooks"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own shape

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float]


class PluginConfig(Base):
    """A workspace's own settings of a plugin; `enabled` NULL inherits."""

    __tablename__ = "plugin_configs"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    plugin_id: Mapped[str] = mapped_column(
        ForeignKey("plugins.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    enabled: Mapped[bool | None]
    config: Mapped[dict[str, Any]] = mapped_column(Json)
    updated_at: Mapped[float]


class NotebookPluginConfig(Base):
    """A notebook's own settings of a plugin; `enabled` NULL inherits."""

    __tablename__ = "notebook_plugin_configs"

    notebook_id: Mapped[int] = mapped_column(ForeignKey("notebooks.id", ondelete="CASCADE"), primary_key=True)
    plugin_id: Mapped[str] = mapped_column(
        ForeignKey("plugins.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    enabled: Mapped[bool | None]
    config: Mapped[dict[str, Any]] = mapped_column(Json)
    updated_at: Mapped[float]


class PluginSecret(Base):
    """A sealed secret: `bound_to` lists its allowed destinations; `revision` changes with the value."""

    __tablename__ = "plugin_secrets"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    plugin_id: Mapped[str] = mapped_column(
        ForeignKey("plugins.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    ciphertext: Mapped[str] = mapped_column(Text)
    bound_to: Mapped[list[Any]] = mapped_column(Json)
    revision: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[float]


class IntegrationArtifact(Base):
    """A stored artifact. Its body is in the cache under `parameters_hash`.

    After `stale_until` it may not be served any more. Until `kept_until` it may still be revalidated.
    """

    __tablename__ = "integration_artifacts"
    __table_args__ = (
        Index("ix_integration_artifacts_of_plugin", "plugin_id", "workspace_id", "fetched_at", "kept_until"),
        Index("ix_integration_artifacts_of_workspace", "workspace_id", "fetched_at", "kept_until"),
        Index("ix_integration_artifacts_kept_until", "kept_until"),
        Index("ix_integration_artifacts_last_used_at", "last_used_at", "size_bytes"),
    )

    parameters_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    plugin_id: Mapped[str] = mapped_column(ForeignKey("plugins.id", ondelete="CASCADE"))
    block_id: Mapped[str | None] = mapped_column(Text)
    endpoint_id: Mapped[str | None] = mapped_column(Text)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    fetched_at: Mapped[float]
    expires_at: Mapped[float]
    stale_until: Mapped[float]
    kept_until: Mapped[float]
    size_bytes: Mapped[int]
    content_type: Mapped[str] = mapped_column(Text)
    last_error: Mapped[str | None] = mapped_column(Text)
    last_used_at: Mapped[float]


class PluginApiLog(Base):
    """One call to a provider. It outlives its plugin, so that usage can still be counted."""

    __tablename__ = "plugin_api_logs"
    __table_args__ = (
        Index("ix_plugin_api_logs_workspace_id", "workspace_id"),
        Index("ix_plugin_api_logs_plugin_id", "workspace_id", "plugin_id"),
        Index("ix_plugin_api_logs_cause", "workspace_id", "cause"),
        Index(
            "ix_plugin_api_logs_failed",
            "workspace_id",
            sqlite_where=text("error_code IS NOT NULL"),
            postgresql_where=text("error_code IS NOT NULL"),
        ),
        Index(
            "ix_plugin_api_logs_request_id",
            "workspace_id",
            "request_id",
            sqlite_where=text("request_id IS NOT NULL"),
            postgresql_where=text("request_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    plugin_id: Mapped[str] = mapped_column(Text)
    endpoint_id: Mapped[str] = mapped_column(Text)
    block_id: Mapped[str | None] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)
    status: Mapped[int | None]
    duration_ms: Mapped[float]
    response_bytes: Mapped[int]
    error_code: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)


class IntegrationBudget(Base):
    """What a workspace spent of an integration's rate limit: `[window in seconds, bucket number, calls]`, often.

    It outlives its plugin. Otherwise registering the plugin again would reset the limit.
    """

    __tablename__ = "integration_budgets"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    plugin_id: Mapped[str] = mapped_column(Text, primary_key=True)
    spent: Mapped[list[list[int]]] = mapped_column(Json)
    updated_at: Mapped[float]


class UpstreamRest(Base):
    """Why calls to an origin pause: failures in a row, an open breaker, a wait that it asked for. Deleted when over."""

    __tablename__ = "upstream_rests"
    __table_args__ = (Index("ix_upstream_rests_updated_at", "updated_at"),)

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    plugin_id: Mapped[str] = mapped_column(Text, primary_key=True)
    origin: Mapped[str] = mapped_column(Text, primary_key=True)
    failures: Mapped[int]
    openings: Mapped[int]
    open_until: Mapped[float]
    probe_until: Mapped[float]
    cooldown_until: Mapped[float]
    updated_at: Mapped[float]


class UsagePeriod(Base):
    """The renders and calls of an integration in one hour or one day (UTC), and of all with the empty id.

    `starts_at` is epoch seconds, `durations` the number of calls by rounded duration. It outlives its plugin.
    """

    __tablename__ = "usage_periods"

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    period_seconds: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    starts_at: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    plugin_id: Mapped[str] = mapped_column(Text, primary_key=True)
    renders: Mapped[int]
    hits: Mapped[int]
    stale: Mapped[int]
    calls: Mapped[int]
    token_calls: Mapped[int]
    errors: Mapped[int]
    bytes: Mapped[int]
    durations: Mapped[str | None] = mapped_column(Text)


class PrefetchJob(Managed, Base):
    """One prefetched input set of a block: by default, because it is used, or because it is pinned.

    `parameters` are as they were given. `artifact_key` was computed from them with the settings at the last
    reconciliation, and `settled` is a digest of those settings. `next_run_at` is NULL while the job is paused or waits
    for something (`waits_for`: a problem's code).
    """

    __tablename__ = "prefetch_jobs"
    __table_args__ = (
        Index("ix_prefetch_jobs_scope", "workspace_id", "plugin_id", "block_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    notebook_id: Mapped[int | None] = mapped_column(
        ForeignKey("notebooks.id", ondelete="CASCADE"), index=True
    )
    plugin_id: Mapped[str] = mapped_column(ForeignKey("plugins.id", ondelete="CASCADE"), index=True)
    block_id: Mapped[str] = mapped_column(Text)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    artifact_key: Mapped[str] = mapped_column(Text, index=True)
    is_default: Mapped[bool] = mapped_column(default=False)
    is_pinned: Mapped[bool] = mapped_column(default=False)
    is_paused: Mapped[bool] = mapped_column(default=False)
    used_at: Mapped[float | None]
    runs_since_used: Mapped[int] = mapped_column(default=0)
    waits_for: Mapped[str | None] = mapped_column(Text)
    settled: Mapped[str | None] = mapped_column(Text)
    fetched_at: Mapped[float | None]
    next_run_at: Mapped[float | None] = mapped_column(index=True)
    last_run_at: Mapped[float | None]
    last_lateness_ms: Mapped[float | None]
    last_outcome: Mapped[str | None] = mapped_column(Text)
    last_error: Mapped[str | None] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(default=0)


class ActionRun(Base):
    """One request for an action, identified by a digest of its Idempotency-Key.

    `target` is the block or endpoint, `payload` a digest of the request. `finished_at` is NULL while it runs, and stays
    NULL if the server ended meanwhile. `answer` is the outcome, `data` the provider's answer. It outlives its plugin.
    Otherwise registering the plugin again would allow the same request to run twice.
    """

    __tablename__ = "action_runs"
    __table_args__ = (Index("ix_action_runs_started_at", "started_at"),)

    workspace_id: Mapped[int] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    plugin_id: Mapped[str] = mapped_column(Text, primary_key=True)
    target: Mapped[str] = mapped_column(Text, primary_key=True)
    key_digest: Mapped[str] = mapped_column(Text, primary_key=True)
    payload: Mapped[str] = mapped_column(Text)
    started_at: Mapped[float]
    finished_at: Mapped[float | None]
    answer: Mapped[dict[str, Any] | None] = mapped_column(Json)
    data: Mapped[bytes | None]


class StoreRevision(Base):
    """One row: a number that triggers raise with every change of declarations or settings."""

    __tablename__ = "store_revision"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int]


class SigninSession(Base):
    """A signed-in browser. `digest` is of its cookie; `token_digest` of the token that it signed in with."""

    __tablename__ = "sessions"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own shape

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(Text, unique=True, index=True)
    token_digest: Mapped[str] = mapped_column(Text)
    user_agent: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float]
    last_used_at: Mapped[float]


class Event(Base):
    """Something that changed. Most events are written by triggers.

    One without a workspace and a notebook concerns all of them, one with a notebook only that one. Ids ascend in the
    order of the commits, because there is one writer at a time.
    """

    __tablename__ = "events"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own shape

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    kind: Mapped[str] = mapped_column(Text)
    workspace_id: Mapped[int | None]
    notebook_id: Mapped[int | None]
    plugin_id: Mapped[str | None] = mapped_column(Text)
    block_id: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)


class HistorySeries(Base):
    """A series of samples: one numeric field of a block, with the inputs and settings of which `key` is a digest.

    `notebook_id` is set while only the settings of that notebook lead to it.
    """

    __tablename__ = "history_series"
    __table_args__ = (
        UniqueConstraint("key", "field", name="uq_history_series_key_field"),
        Index("ix_history_series_scope", "workspace_id", "plugin_id", "block_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    notebook_id: Mapped[int | None] = mapped_column(
        ForeignKey("notebooks.id", ondelete="CASCADE"), index=True
    )
    plugin_id: Mapped[str] = mapped_column(ForeignKey("plugins.id", ondelete="CASCADE"), index=True)
    block_id: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    keep_seconds: Mapped[float]


class HistorySample(Base):
    """What a number was at a moment, in whole epoch seconds."""

    __tablename__ = "history_samples"

    series_id: Mapped[int] = mapped_column(
        ForeignKey("history_series.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    at: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[float]
