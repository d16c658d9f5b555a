"""Connections that wait for the next call of their owner on their origin, the last one used first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from integrations.egress.connection_reuse import has_unasked_bytes
from integrations.egress.connections import GuardedConnection

MAX_ORIGINS = 128


class IdleConnections:
    """At most so many for each origin, and origins; what finds no room is closed."""

    def __init__(self, per_origin: int, max_origins: int = MAX_ORIGINS) -> None:
        self._per_origin = per_origin
        self._max_origins = max_origins
        self._origins: OrderedDict[Hashable, list[GuardedConnection]] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def take(self, origin: Hashable) -> GuardedConnection | None:
        """A connection that is open as far as anybody can tell; None when there is none."""
        while (conn := self._pop(origin)) is not None:
            if conn.sock is not None and not has_unasked_bytes(conn.sock):
                return conn
            conn.close()
        return None

    def put(self, origin: Hashable, conn: GuardedConnection) -> None:
        """Keep an open connection that nobody uses any more."""
        surplus = [conn]
        with self._lock:
            if not self._closed:
                idle = self._origins.setdefault(origin, [])
                self._origins.move_to_end(origin)
                idle.append(conn)
                surplus = [idle.pop(0)] if len(idle) > self._per_origin else []
                if len(self._origins) > self._max_origins:
                    surplus += self._origins.popitem(last=False)[1]
        for unwanted in surplus:
            unwanted.close()

    def close(self) -> None:
        """Close them all, and from now on whatever is put back."""
        with self._lock:
            self._closed = True
            idle = [conn for conns in self._origins.values() for conn in conns]
            self._origins.clear()
        for conn in idle:
            conn.close()

    def _pop(self, origin: Hashable) -> GuardedConnection | None:
        with self._lock:
            idle = self._origins.get(origin)
            if not idle:
                return None
            conn = idle.pop()
            if not idle:
                del self._origins[origin]
            return conn
