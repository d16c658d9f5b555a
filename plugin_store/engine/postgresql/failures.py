"""Translates PostgreSQL's errors that come from the server or the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from errors import StorageFailed
from plugin_store.engine.write_lock import BUSY

UNREACHABLE = "The database server cannot be reached."
FULL = "The database server's disk is full."
READ_ONLY = "The database server is read-only."
CROWDED = "The database server has no free connection."
REFUSED = "The database server does not accept this user, password or database."
DAMAGED = "The database is damaged; restore it from a backup."
TROUBLED = "The database server is in trouble; its log says more."

# By SQLSTATE, or by its class: the first two characters (PostgreSQL's appendix A). With our own messages, because
# PostgreSQL's may quote stored data or the address of the server.
REASONS = {
    "55P03": BUSY,
    "40": BUSY,
    "57014": BUSY,
    "53100": FULL,
    "53300": CROWDED,
    "53": TROUBLED,
    "25006": READ_ONLY,
    "08": UNREACHABLE,
    "57": UNREACHABLE,
    "28": REFUSED,
    "3D": REFUSED,
    "42501": REFUSED,
    "58": TROUBLED,
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}
# An attempt to connect has no SQLSTATE: libpq tells a text, with the words of the server in its language. With words
# that are not known, or not in English, the server counts as one that cannot be reached.
CONNECTING = (
    (("session is read-only", "in hot standby mode", "in recovery"), READ_ONLY),
    (("too many", "remaining connection slots"), CROWDED),
    (
        (
            "authentication failed",
            "no password supplied",
            "no pg_hba.conf entry",
            "does not exist",
            "not permitted to log in",
            "permission denied",
        ),
        REFUSED,
    ),
)
LOST = frozenset({UNREACHABLE, READ_ONLY, CROWDED})
"""After these a new connection may lead to another server, or to the same one when it is back."""


def reason_of(error: BaseException | None) -> str | None:
    """Our message for an error of the server or the network; None for an error of our SQL."""
    if isinstance(error, PoolTimeout):
        return CROWDED
    if isinstance(error, DBAPIError):
        error = error.orig
    if not isinstance(error, psycopg.Error):
        return None
    state = error.sqlstate or ""
    if known := REASONS.get(state) or REASONS.get(state[:2]):
        return known
    # Without a state it is libpq that speaks, about the connection.
    is_of_connection = not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return _reason_of_connecting(str(error)) if is_of_connection else None


def _reason_of_connecting(message: str) -> str:
    for words, reason in CONNECTING:
        if any(word in message for word in words):
            return reason
    return UNREACHABLE


@contextmanager
def storage_failures() -> Iterator[None]:
    """Raises StorageFailed for errors that come from the server or the network, of SQLAlchemy and of the driver."""
    try:
        yield
    except (DBAPIError, PoolTimeout, psycopg.Error) as error:
        reason = reason_of(error)
        if reason is None:
            raise
        raise StorageFailed(reason) from None
