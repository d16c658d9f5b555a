"""urllib3's pools, one for each owner, origin and TLS requirement: no owner gets a connection of another one."""

from __future__ import annotations

from typing import Any, cast

from urllib3.connectionpool import HTTPConnectionPool
from urllib3.poolmanager import PoolKey, PoolManager

from integrations.egress.checked_response import CheckedResponse
from integrations.egress.connection_reuse import Ending, may_carry_another
from integrations.egress.connections import GuardedConnection, GuardedTlsConnection
from integrations.egress.dial import Dialer
from integrations.egress.exchange import Exchange
from integrations.egress.messages import Tls
from integrations.egress.tls import TlsContexts

MAX_POOLS = 32


class _Pool(HTTPConnectionPool):
    # urllib3's protocol for connections declares attributes that its own class has with another type.
    ConnectionCls = cast(Any, GuardedConnection)


class _TlsPool(_Pool):
    scheme = "https"
    ConnectionCls = cast(Any, GuardedTlsConnection)


class Reply:
    """An answer whose head was read. Ends by `keep` (the body was read whole) or `drop`."""

    __slots__ = ("_conn", "_exchange", "_pool", "headers", "response", "status")

    def __init__(
        self, response: CheckedResponse, exchange: Exchange, conn: GuardedConnection, pool: _Pool | None
    ) -> None:
        self.status = response.status
        self.headers = response.read_headers()
        self.response = response
        self._exchange = exchange
        self._conn = conn
        self._pool = pool

    def keep(self) -> None:
        """Return the connection to the pool, unless the rules for reuse forbid it."""
        is_alive = self._exchange.watch.let_go()
        self.response.close()
        if self._pool is not None and is_alive and self._is_clear():
            self._pool._put_conn(cast(Any, self._conn))
        else:
            self._conn.close()

    def drop(self) -> None:
        """Close the connection: it may have unread data."""
        self._exchange.watch.let_go()
        self.response.close()
        self._conn.close()

    def _is_clear(self) -> bool:
        """Whether the answer has a clear end, by our rules and for http.client, which else closes the connection."""
        return self._conn.sock is not None and may_carry_another(
            Ending(
                method=self._exchange.hop.method,
                status=self.status,
                version=self.response.version,
                headers=self.headers,
                leftover_bytes=self.response.lines.leftover_bytes,
                is_sent=self._exchange.is_sent,
            )
        )


class GuardedPools(PoolManager):
    """Pools with a limit on idle connections, and a limit on pools; surplus connections are closed.

    `urlopen` of urllib3's pools is not used: it would write the URL in another way, and log it.
    """

    def __init__(self, dialer: Dialer, pool_size: int, max_pools: int = MAX_POOLS) -> None:
        super().__init__(max_pools, maxsize=pool_size, dialer=dialer)
        self.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        self._contexts = TlsContexts()
        self._is_open = True

    def open(self, exchange: Exchange) -> Reply:
        """Send the request and read the head of its answer.

        Raises EgressRefused, SettingsIncomplete, UpstreamUnreachable, UpstreamInvalid or DeadlineExceeded.
        """
        pool = self._pool_for(exchange)
        is_kept = exchange.owner is not None
        conn = cast(GuardedConnection, pool._get_conn() if is_kept else pool._new_conn())
        try:
            response = conn.ask(exchange)
        except BaseException:
            exchange.watch.let_go()
            conn.close()
            raise
        return Reply(response, exchange, conn, pool if is_kept and self._is_open else None)

    def check_settings(self, tls: Tls) -> None:
        """Raises SettingsIncomplete for certificates that cannot be used."""
        self._contexts.proof_for(tls)

    def clear(self) -> None:
        """Close idle connections now, and others when their calls end."""
        self._is_open = False
        super().clear()

    def _pool_for(self, exchange: Exchange) -> _Pool:
        to = exchange.hop.destination
        where: dict[str, Any] = {"scheme": to.scheme, "host": to.host, "port": to.port}
        if to.scheme == "https":
            where["proof"] = self._contexts.proof_for(exchange.tls)
        # Our own key: urllib3's has no field for the owner.
        key = cast(PoolKey, (exchange.owner, *where.values()))
        return cast(_Pool, self.connection_from_pool_key(key, self.connection_pool_kw | where))
