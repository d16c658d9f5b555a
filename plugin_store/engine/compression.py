"""How large values are compressed in each engine, for migrations."""

from __future__ import annotations

from alembic import op

# From PostgreSQL 14 on, if it was built with lz4.
HAS_LZ4 = "SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"


def compress_quickly(table: str, column: str) -> None:
    """Has large values of a column compressed by lz4, which costs little, where the engine can do that."""
    if op.get_context().dialect.name != "postgresql":
        return
    if op.get_bind().exec_driver_sql(HAS_LZ4).scalar():
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION lz4")
