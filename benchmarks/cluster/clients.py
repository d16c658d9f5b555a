"""The clients of a cluster: those of the soak, and some that ask many hosts for one thing at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from benchmarks.cluster.disruptions import ClusterJournal
from benchmarks.cluster.provider import RecordingProvider, flight_name
from benchmarks.loopback import declaration
from benchmarks.soak.clients import BETWEEN_WRITES_SECONDS, Caller, Load
from plugin_store.engine.postgresql.changes import TRUSTED_SECONDS

CALLERS_OF_A_FLIGHT = 6
LOOKS_AFTER_A_PURGE = 12
VIEW = "declared"


class ClusterLoad(Load):
    """Each client calls the proxy, which hands its requests to any host."""

    # So that three hosts, the store and the proxy can keep up on two cores.
    pause_seconds = 0.1
    # What a host does not know by a notification, it finds out by then.
    settle_seconds = TRUSTED_SECONDS

    def __init__(self, journal: ClusterJournal, provider: RecordingProvider) -> None:
        super().__init__(journal, provider)
        self.cluster_journal, self.recording = journal, provider
        self.declared = 0
        """The last acknowledged version of the plugin that is declared again and again."""
        self._flights, self._versions = count(1), count(1)
        self._pool = ThreadPoolExecutor(CALLERS_OF_A_FLIGHT)
        self._flyers: list[Caller] = []

    def start_all(self, origin: str) -> None:
        """Starts all clients, two of which spend the same budget."""
        self._flyers = [Caller(origin, self.journal) for _ in range(CALLERS_OF_A_FLIGHT)]
        self.start([origin])
        for client in (self._fly, self._purge, self._declare, self._spend, self._spend, self._read_kept):
            self.start_client(client, origin)

    def end(self) -> None:
        super().end()
        self._pool.shutdown()

    def check(self, caller: Caller) -> None:
        declared = self.declared
        super().check(caller)
        kept = caller.ask("check", "GET", f"/plugins/{VIEW}") if declared else None
        if kept is not None and int(kept["version"].rpartition(".")[2]) < declared:
            self.journal.lose(f"version {declared}: {kept['version']}")

    def _fly(self, _caller: Caller) -> None:
        """Asks for one cold key from several clients at once."""
        n, began = next(self._flights), time.monotonic()
        asked = [self._pool.submit(flyer.render, "flight", n) for flyer in self._flyers]
        answers = [answer.result() for answer in asked]
        if self.cluster_journal.disruptions.happened_during(began, time.monotonic()):
            return
        self.cluster_journal.flights += 1
        calls = len(self.recording.arrivals.pop(flight_name(n), []))
        if calls != 1 or None in answers:
            self.cluster_journal.doubled.append(
                f"{calls} calls for the cold key {n}, {answers.count(None)} failed"
            )

    def _purge(self, caller: Caller) -> None:
        before = self.recording.last_number
        if caller.ask("purge", "DELETE", "/plugins/kept/artifacts") is None:
            return
        acknowledged = time.monotonic()
        self.journal.acknowledge("purge")
        for _ in range(LOOKS_AFTER_A_PURGE):
            began = time.monotonic()
            said: Any = caller.render("kept", 0)
            if said is not None and said["data"]["number"] <= before:
                self.cluster_journal.stale_seconds.append(began - acknowledged)
            self.is_over.wait(0.02)
        self.is_over.wait(0.3)

    def _read_kept(self, caller: Caller) -> None:
        caller.render("kept", 0)
        self.is_over.wait(0.01)

    def _declare(self, caller: Caller) -> None:
        number = next(self._versions)
        body = declaration(VIEW, {}) | {"type": "view", "version": f"1.0.{number}"}
        if caller.ask("declaration", "POST", "/plugins/register", body) is not None:
            self.declared = number
            self.journal.acknowledge("declaration")
        self.is_over.wait(BETWEEN_WRITES_SECONDS * 5)

    def _spend(self, caller: Caller) -> None:
        # 429: the limit is spent.
        caller.render("limited", 0, {200, 429}, use_cache=False)
        self.is_over.wait(0.05)
