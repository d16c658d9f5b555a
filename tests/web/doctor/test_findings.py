"""What facts mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from plugin_store.engine.sqlite.file_check import FileCheck
from web.doctor.facts import CacheFacts, Facts, FileFacts, IntegrationFacts, MachineFacts, StoreFacts
from web.doctor.findings import find, worst

GIB = 1024**3
WELL = Facts(
    machine=MachineFacts(
        files=(FileFacts("/data", 0o700), FileFacts("/data/token", None)),
        free_bytes=50 * GIB,
        now=1000.0,
        latest_at=999.0,
        ignored_variables=(),
        authorities=140,
        running_version=None,
        own_version="1.0.0",
    ),
    file=FileCheck("3.45.1", "ok", "0012", "0012"),
    cache=CacheFacts(100, 1000, reads_back=True),
    store=StoreFacts(0, None, (), 0, 0.0, is_prefetch_on=True, last_call_at=None),
)
INTEGRATION = IntegrationFacts(1, "svc", False, (), (), (), (), None, 0, 0)


def machine(**changed: Any) -> Facts:
    return replace(WELL, machine=replace(WELL.machine, **changed))


def file(**changed: Any) -> Facts:
    return replace(WELL, file=replace(WELL.file, **changed))


def store(**changed: Any) -> Facts:
    assert WELL.store is not None
    return replace(WELL, store=replace(WELL.store, **changed))


def integration(**changed: Any) -> Facts:
    return store(integrations=(replace(INTEGRATION, **changed),))


def cache(**changed: Any) -> Facts:
    assert WELL.cache is not None
    return replace(WELL, cache=replace(WELL.cache, **changed))


def test_where_all_is_well_each_check_says_so():
    findings = find(WELL)
    assert {finding.level for finding in findings} == {"ok"}
    assert {finding.remedy for finding in findings} == {None}
    checks = [finding.check for finding in findings]
    assert len(set(checks)) == len(checks)
    assert worst(findings) == "ok"


@pytest.mark.parametrize(
    ("facts", "level", "check", "words"),
    [
        (machine(files=(FileFacts("/d/key", 0o640),)), "error", "permissions", "/d/key can be read"),
        (machine(files=(FileFacts("/d", 0o700, is_own=False),)), "error", "permissions", "another user"),
        (machine(free_bytes=GIB // 2), "warning", "disk", "0.5 GiB"),
        (machine(free_bytes=1024), "error", "disk", "0.0 GiB"),
        (machine(latest_at=1000.0 + 119), None, "clock", ""),
        (machine(latest_at=1000.0 + 4 * 86400), "error", "clock", "4 days behind"),
        (machine(latest_at=None), None, "clock", ""),
        (machine(ignored_variables=("HTTPS_PROXY",)), "warning", "egress", "HTTPS_PROXY is set and ignored"),
        (machine(authorities=0), "error", "egress", "https"),
        (machine(running_version="1.0.0"), None, "processes", ""),
        (machine(running_version="0.9.0"), "warning", "processes", "version 0.9.0"),
        (file(sqlite_version="3.34.1"), "error", "database", "too old"),
        (file(integrity="missing", revision=None), "warning", "database", "no database"),
        (file(integrity="damaged", revision=None), "error", "database", "damaged"),
        (file(integrity="unreadable", revision=None), "error", "database", "cannot be read"),
        (file(integrity="unfinished"), None, "database", ""),
        (file(revision="0009"), "warning", "migrations", "0009"),
        (file(revision=None), "warning", "migrations", "none"),
        (file(revision="0013"), "error", "migrations", "newer version"),
        (replace(WELL, cache=None), None, "cache", ""),
        (cache(reads_back=False), "error", "cache", "does not read back"),
        (cache(size_bytes=1201), "warning", "cache", "1201 bytes"),
        (store(unreadable_secrets=2), "error", "key", "2 stored secrets"),
        (store(has_store_key=False), "error", "key", "another key"),
        (replace(WELL, file=None), None, "database", ""),
        (replace(WELL, file=None, store=None), "error", "database", "another version"),
        (replace(WELL, file=None, store_trouble="The server is away."), "error", "database", "server is away"),
        (replace(WELL, store_trouble="The folder is read-only."), "error", "database", "folder is read-only"),
        (store(key_error="The key file x cannot be read."), "error", "key", "x cannot be read"),
        (store(late_jobs=3, longest_wait=59.0), None, "prefetch", ""),
        (store(late_jobs=3, longest_wait=600.0), "warning", "prefetch", "3 scheduled blocks are late, by up to 10 min"),
        (store(late_jobs=3, longest_wait=7200.0), "error", "prefetch", "2 hours"),
        (integration(needs_review=True), "warning", "reviews", "svc: a review is due"),
        (integration(missing=("server",)), "warning", "settings", "server is not set"),
        (integration(unreadable=("api_key",)), "error", "key", "api_key cannot be decrypted"),
        (integration(spent_windows=("hour",)), "warning", "budgets", "budget of its hour"),
        (integration(paused_origins=(("https://a.test", "cooldown"),)), "warning", "providers", "asked for a pause"),
        (integration(paused_origins=(("https://a.test", "breaker"),)), "warning", "providers", "failed repeatedly"),
        (integration(unresolved_host="a.test"), "error", "egress", "a.test cannot be resolved"),
        (integration(calls=4, errors=4), None, "providers", ""),
        (integration(calls=10, errors=4), None, "providers", ""),
        (integration(calls=10, errors=5), "warning", "providers", "5 of its 10 calls"),
        (integration(calls=10, errors=10), "error", "providers", "10 of its 10 calls"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_what_to_do(facts: Facts, level: str | None, check: str, words: str):
    bad = [finding for finding in find(facts) if finding.level != "ok"]
    if level is None:
        assert bad == []
        return
    assert [(finding.level, finding.check) for finding in bad] == [(level, check)]
    assert words in bad[0].message
    assert bad[0].remedy
    assert bad[0].remedy.endswith(".")


def test_the_worst_stands_first():
    assert WELL.store is not None
    facts = replace(machine(free_bytes=GIB // 2), store=replace(WELL.store, unreadable_secrets=1))
    assert [finding.level for finding in find(facts)][:3] == ["error", "warning", "ok"]
