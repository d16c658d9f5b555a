"""Tables for what processes of several hosts have in common, and keep in files where there is one host."""

from __future__ import annotations

from sqlalchemy import Index, Text
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
