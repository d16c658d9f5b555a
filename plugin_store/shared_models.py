"""Tables for what processes of several hosts, or of several versions, have in common."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from plugin_store.models import Base


class CachedBody(Base):
    """What the cache keeps under a key until `expires_at`. `digest` is of `value`."""

    __tablename__ = "cached_bodies"
    __table_args__ = (Index("ix_cached_bodies_expires_at", "expires_at"),)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[bytes]
    digest: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[float]


class KeyFingerprint(Base):
    """One row: the fingerprint of the key that sealed a secret last."""

    __tablename__ = "key_fingerprint"
    __table_args__ = (CheckConstraint("id = 1", name="one_key"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(Text)


class TableCompatibility(Base):
    """One row: the oldest revision whose code works with the tables, which are at `revision`."""

    __tablename__ = "table_compatibility"
    __table_args__ = (CheckConstraint("id = 1", name="one_state"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[str] = mapped_column(Text)
    compatible_from: Mapped[str] = mapped_column(Text)
