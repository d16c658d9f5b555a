"""The soak finds what it looks for, and a short one finds nothing."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from benchmarks.soak.__main__ import soak
from benchmarks.soak.journal import Canary, Journal
from benchmarks.soak.processes import DataFolder
from benchmarks.soak.verdict import slope


@pytest.mark.parametrize("before", range(4))
def test_a_secret_is_found_as_it_is_and_in_base64(before: int):
    canary = Canary()
    text = b"x" * before + canary.secret(7).encode()
    assert canary.is_in(text)
    assert canary.is_in(base64.b64encode(text))
    assert not canary.is_in(base64.b64encode(Canary().secret(7).encode()))
    assert canary.number_of(canary.secret(7)) == 7


@pytest.mark.parametrize(
    ("status", "code", "wrong"),
    [
        (200, None, (0, 0)),
        (502, "upstream_failed", (0, 0)),
        (500, "internal", (1, 0)),
        (503, "storage_failed", (1, 0)),
        (502, None, (1, 0)),
        (404, "not_found", (0, 1)),
    ],
)
def test_a_failure_of_our_own_is_told_from_a_provider_s(
    status: int, code: str | None, wrong: tuple[int, int]
):
    journal = Journal()
    journal.note("render", status, code, b"{}", {200, 502})
    assert (len(journal.own_failures), len(journal.unexpected)) == wrong
    assert journal.leaks == []
    journal.note("render", 200, None, journal.canary.secret(1).encode(), {200})
    assert journal.leaks == ["an answer to render"]


def test_the_slope_of_memory_is_that_of_the_line_through_it():
    assert slope([(float(second), 100 + 0.5 * second) for second in range(10)]) == pytest.approx(0.5)
    assert slope([(0.0, 100.0)]) == 0.0


def test_a_short_soak_loses_and_leaks_nothing(tmp_path: Path):
    journal = Journal()
    section = soak(DataFolder(tmp_path), journal, seconds=2, kill_every=1)
    assert (journal.lost, journal.leaks, journal.own_failures, journal.unexpected) == ([], [], [], [])
    assert all(target.is_met for target in section.targets)
    assert {"note", "secret", "workspace"} <= set(journal.writes)
    assert {"hot 200", "cold 200"} <= set(journal.answers)
