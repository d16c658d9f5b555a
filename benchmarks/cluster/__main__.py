"""Runs the cluster, prints its results and writes build/cluster.json; fails if a host broke a promise.

Three hosts share a store on PostgreSQL behind nginx. Clients render, write, purge and spend a budget; one host after
the other is killed and started again, and PostgreSQL is restarted in the modes fast and immediate.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import deque
from pathlib import Path

import click

from benchmarks.cluster.clients import ClusterLoad
from benchmarks.cluster.disruptions import ClusterJournal
from benchmarks.cluster.hosts import Cluster, running_cluster
from benchmarks.cluster.provider import RecordingProvider, cluster_manifests
from benchmarks.cluster.verdict import doubled_prefetches, leaks_of, results
from benchmarks.report import Section, show_and_write
from benchmarks.soak.__main__ import set_up
from benchmarks.soak.clients import Caller, declare_plugin
from benchmarks.soak.processes import wait_for
from benchmarks.soak.provider import running_provider

REPORT = Path("build") / "cluster.json"
RESTARTS = ((0.25, "fast"), (0.5, "immediate"), (0.75, "fast"))
"""When the store is restarted, as a share of the whole time, and the mode in which it is stopped."""


@click.command(help=__doc__)
@click.option("--minutes", default=2.0, show_default=True, help="How long.")
@click.option("--kill-every", default=5.0, show_default=True, help="Seconds between two kills.")
def main(minutes: float, kill_every: float) -> None:
    journal = ClusterJournal()
    with tempfile.TemporaryDirectory(prefix="patchbay-cluster-") as folder:
        section = run_cluster(Path(folder), journal, minutes * 60, kill_every)
    show_and_write(section, journal.wrong | {"doubled": journal.doubled}, REPORT)
    raise SystemExit(0 if all(target.is_met for target in section.targets) else 1)


def run_cluster(folder: Path, journal: ClusterJournal, seconds: float, kill_every: float) -> Section:
    """Runs it in an empty folder, and returns the results; `journal` has what was wrong."""
    provider = RecordingProvider()
    with running_provider(provider), running_cluster(folder) as cluster:
        journal.disruptions = cluster.disruptions
        set_up(Caller(cluster.origin, journal), provider)
        for plugin, manifest in cluster_manifests(provider.url).items():
            declare_plugin(Caller(cluster.origin, journal), plugin, manifest)
        load = ClusterLoad(journal, provider)
        load.start_all(cluster.origin)
        disrupt(cluster, seconds, kill_every)
        provider.is_over.set()
        load.end()
        for server in cluster.servers:
            load.check(Caller(server.origin, journal))
        codes = [server.stop() for server in cluster.servers]
        journal.unexpected += [f"a host exits with {code}" for code in codes if code != 0]
        journal.unexpected += [f"a client fails: {failure!r}" for failure in load.failures]
        journal.doubled += doubled_prefetches(sorted(provider.arrivals["/ahead"]), cluster.disruptions)
        journal.leaks += leaks_of(cluster, journal)
        return results(seconds, cluster, journal, provider)


def disrupt(cluster: Cluster, seconds: float, kill_every: float) -> None:
    """Kills one host after the other, and restarts the store in between. In the end every host is ready."""
    began, kills, restarts = time.monotonic(), 0, deque(RESTARTS)
    next_kill = kill_every
    pause = threading.Event()
    while (passed := time.monotonic() - began) < seconds:
        if restarts and passed >= restarts[0][0] * seconds:
            cluster.restart_store(restarts.popleft()[1])
        elif passed >= next_kill and cluster.is_whole():
            cluster.kill(kills)
            kills, next_kill = kills + 1, passed + kill_every
        pause.wait(0.1)
    wait_for(cluster.is_whole)


if __name__ == "__main__":
    main()
