"""The tables of who may call this server beside its owner: named tokens, and requests for one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from plugin_store.columns import Json
from plugin_store.models import Base


class AccessToken(Base):
    """A named token, as the digest of its value. `workspaces`, `notebooks` and `integrations` NULL are all."""

    __tablename__ = "access_tokens"
    # Ids are never reused: what a revoked token declared must not become a new one's.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own shape

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text, unique=True, index=True)
    scopes: Mapped[list[str]] = mapped_column(Json)
    workspaces: Mapped[list[int] | None] = mapped_column(Json)
    notebooks: Mapped[list[int] | None] = mapped_column(Json)
    integrations: Mapped[list[str] | None] = mapped_column(Json)
    origins: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[float]
    expires_at: Mapped[float | None]
    last_used_at: Mapped[float | None]
    created_by: Mapped[dict[str, Any]] = mapped_column(Json)
    """The kind, the id and the name of who made it."""


class ConnectRequest(Base):
    """A frontend's request for a token. The device code is kept as its digest.

    `state` is `waiting`, `accepted`, `denied` or `fetched`. `terms` are what a user accepted.
    """

    __tablename__ = "connect_requests"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own shape

    id: Mapped[int] = mapped_column(primary_key=True)
    device_digest: Mapped[str] = mapped_column(Text, unique=True, index=True)
    user_code: Mapped[str] = mapped_column(Text, unique=True, index=True)
    name: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(Json)
    workspaces: Mapped[list[int] | None] = mapped_column(Json)
    integrations: Mapped[list[str] | None] = mapped_column(Json)
    origin: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float]
    expires_at: Mapped[float]
    state: Mapped[str] = mapped_column(Text)
    terms: Mapped[dict[str, Any] | None] = mapped_column(Json)
    decided_by: Mapped[dict[str, Any] | None] = mapped_column(Json)
    interval_seconds: Mapped[int]
    polled_at: Mapped[float | None]


class AuditEntry(Base):
    """One change: who made it, from where, and what was changed. Rows are written by ChangeRecord."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_what", "what", "id"),
        Index("ix_audit_log_plugin", "plugin_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[int | None]
    actor_name: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Text)
    plugin_id: Mapped[str | None] = mapped_column(Text)
    workspace_id: Mapped[int | None]
    notebook_id: Mapped[int | None]
    details: Mapped[dict[str, Any] | None] = mapped_column(Json)
