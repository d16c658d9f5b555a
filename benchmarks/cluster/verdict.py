"""What a run of a cluster showed, as figures and targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from benchmarks.cluster.disruptions import ClusterJournal, Disruptions
from benchmarks.cluster.hosts import Cluster
from benchmarks.cluster.provider import LIMIT_PER_MINUTE, REFRESH_SECONDS, RecordingProvider
from benchmarks.report import Section, Target
from benchmarks.soak.verdict import counts_of, find_leaks, hits_of
from plugin_store.engine.postgresql.changes import TRUSTED_SECONDS

MINUTE_SECONDS = 60


def most_in_window(moments: Sequence[float], seconds: float) -> int:
    """The most of these moments, which ascend, that lie within a span of this length."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def doubled_prefetches(moments: Sequence[float], disruptions: Disruptions) -> Iterator[str]:
    """The prefetches that came soon after another one while nothing was disrupted, as those of two leaders would."""
    for before, after in pairwise(moments):
        if after - before < REFRESH_SECONDS / 2 and not disruptions.happened_during(
            before - REFRESH_SECONDS, after
        ):
            yield f"prefetched again after {after - before:.2f} s"


def leaks_of(cluster: Cluster, journal: ClusterJournal) -> list[str]:
    """The files of the hosts, and the tables, that have a secret or the token as they are."""
    found = [leak for folder in cluster.folders for leak in find_leaks(folder, (), journal)]
    return found + ["a secret in the store"] * journal.canary.is_in(cluster.store.dump())


def results(
    seconds: float, cluster: Cluster, journal: ClusterJournal, provider: RecordingProvider
) -> Section:
    disruptions = cluster.disruptions
    ahead, limited = sorted(provider.arrivals["/ahead"]), sorted(provider.arrivals["/limited"])
    proxied = sum(number for answer, number in journal.answers.items() if answer.endswith((" 502", " 504")))
    away = sum(number for answer, number in journal.answers.items() if answer.endswith("storage_failed"))
    most = most_in_window(limited, MINUTE_SECONDS)
    figures = [
        f"{seconds:.0f} s, {len(cluster.servers)} hosts, {len(disruptions.kills)} kills, "
        f"{len(disruptions.outages)} restarts of the store",
        f"answers: {counts_of(journal.answers)}",
        f"acknowledged writes: {counts_of(journal.writes)}",
        f"requests that the proxy sent to another host: {cluster.retried_requests()}",
        f"requests that the proxy answered with 502 or 504: {proxied}",
        f"requests answered with storage_failed: {away}",
        f"cold keys that {journal.flights} times many asked for at once: {len(journal.doubled)} doubled",
        f"calls within the limit of {LIMIT_PER_MINUTE} a minute: {most} at most",
        f"answers from before a purge: {len(journal.stale_seconds)}, "
        f"{max(journal.stale_seconds, default=0.0) * 1000:.0f} ms after it at most",
        f"prefetches: {len(ahead)}, {max((b - a for a, b in pairwise(ahead)), default=0.0):.1f} s apart at most",
        *hits_of(journal),
    ]
    targets = [
        Target("lost acknowledged writes", len(journal.lost), 0, ""),
        Target("leaked secrets", len(journal.leaks), 0, ""),
        Target("own 5xx", len(journal.own_failures), 0, ""),
        Target("other unexpected answers and exit codes", len(journal.unexpected), 0, ""),
        Target("doubled calls", len(journal.doubled), 0, ""),
        Target("calls in one minute", most, LIMIT_PER_MINUTE, ""),
        Target(
            "age of an answer from before a purge",
            max(journal.stale_seconds, default=0.0),
            TRUSTED_SECONDS,
            "s",
        ),
    ]
    return Section("Cluster", figures, targets)
