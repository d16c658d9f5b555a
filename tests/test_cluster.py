"""The run of several hosts judges what it sees, and a short one finds nothing wrong."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.cluster.__main__ import run_cluster
from benchmarks.cluster.disruptions import RECOVERY_SECONDS, ClusterJournal, Disruptions
from benchmarks.cluster.verdict import doubled_prefetches, most_in_window

SECONDS = 24


@pytest.mark.parametrize(
    ("moments", "most"),
    [([], 0), ([1.0], 1), ([0.0, 59.9, 60.0, 60.1], 3), ([0.0, 60.0, 120.0], 1), ([5.0, 5.0, 5.0], 3)],
)
def test_the_calls_of_the_fullest_minute_are_counted(moments: list[float], most: int):
    assert most_in_window(moments, 60) == most


@pytest.mark.parametrize(
    ("status", "code", "killed", "away", "wrong"),
    [
        (503, "storage_failed", False, False, (1, 0)),
        (503, "storage_failed", True, False, (1, 0)),
        (503, "storage_failed", False, True, (0, 0)),
        (502, None, False, False, (1, 0)),
        (502, None, False, True, (1, 0)),
        (502, None, True, False, (0, 0)),
        (504, None, True, False, (0, 0)),
        (500, None, True, True, (1, 0)),
        (500, "internal", True, True, (1, 0)),
        (404, "not_found", True, True, (0, 1)),
    ],
)
def test_a_disruption_excuses_only_what_it_explains(
    status: int, code: str | None, killed: bool, away: bool, wrong: tuple[int, int]
):
    journal, began = ClusterJournal(), time.monotonic()
    if killed:
        with journal.disruptions.kill():
            pass
    if away:
        with journal.disruptions.outage():
            pass
    journal.note("render", status, code, b"{}", {200}, began)
    assert (len(journal.own_failures), len(journal.unexpected)) == wrong


def test_a_request_is_disrupted_by_what_happened_between_its_beginning_and_its_end():
    disruptions = Disruptions(kills=[(10.0, 10.1)], outages=[(20.0, 22.0 + RECOVERY_SECONDS)])
    assert not disruptions.happened_during(9.0, 9.9)
    assert disruptions.killed_during(9.0, 10.0)
    assert not disruptions.happened_during(10.2, 19.9)
    assert disruptions.store_was_away_during(23.0, 24.0)
    with disruptions.outage():
        assert disruptions.store_was_away_during(time.monotonic(), time.monotonic())


def test_two_calls_of_two_leaders_are_told_from_the_next_call():
    disruptions = Disruptions(kills=[(50.0, 50.1)])
    assert list(doubled_prefetches([1.0, 2.0, 3.0], disruptions)) == []
    assert len(list(doubled_prefetches([1.0, 1.1, 2.0, 2.2], disruptions))) == 2
    assert list(doubled_prefetches([50.2, 50.3], disruptions)) == []


@pytest.mark.postgresql
def test_hosts_keep_their_promises_while_they_are_killed_and_the_store_restarts(tmp_path: Path):
    journal = ClusterJournal()
    section = run_cluster(tmp_path, journal, SECONDS, kill_every=4)
    assert journal.wrong == {"lost": [], "leaks": [], "own_failures": [], "unexpected": []}
    assert (journal.doubled, [target.name for target in section.targets if not target.is_met]) == ([], [])
    assert {"note", "secret", "workspace", "declaration", "purge"} <= set(journal.writes)
    assert journal.disruptions.kills and len(journal.disruptions.outages) == 3
    assert journal.flights
