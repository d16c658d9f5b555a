"""What the facts mean: findings, each with what is wrong and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from web.doctor.facts import CacheFacts, Facts, IntegrationFacts, MachineFacts, StoreFacts

Level = Literal["ok", "warning", "error"]
LEVELS: tuple[Level, ...] = ("ok", "warning", "error")

OLDEST_SQLITE = (3, 35, 0)
LOW_ROOM_BYTES, NO_ROOM_BYTES = 1024**3, 100 * 1024**2
CLOCK_BEHIND_SECONDS = 120.0
LATE_SECONDS, VERY_LATE_SECONDS = 60.0, 3600.0
MANY_CALLS, MANY_ERRORS = 5, 0.5
FULL_CACHE = 1.2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `remedy` is None where all is well."""

    check: str
    level: Level
    message: str
    remedy: str | None = None
    integration_id: str | None = None
    workspace_id: int | None = None


def find(facts: Facts) -> list[Finding]:
    """The findings, at least one for each check, the worst first."""
    found = [
        *_of_machine(facts.machine),
        *_of_file(facts),
        *_of_cache(facts.cache),
        *(() if facts.store is None else _of_store(facts.store)),
    ]
    return sorted(found, key=lambda finding: -LEVELS.index(finding.level))


def worst(findings: list[Finding]) -> Level:
    """The level of the worst finding."""
    return LEVELS[max((LEVELS.index(finding.level) for finding in findings), default=0)]


def _ok(check: str, message: str) -> Finding:
    return Finding(check, "ok", message)


def _of_machine(machine: MachineFacts) -> Iterator[Finding]:
    yield from _of_permissions(machine)
    yield _of_room(machine.free_bytes)
    yield _of_clock(machine)
    yield from _of_egress(machine)
    if machine.running_version not in {None, machine.own_version}:
        yield Finding(
            "processes",
            "warning",
            f"The server that runs is version {machine.running_version}; this one is {machine.own_version}.",
            "Restart the server, so that both are the same.",
        )


def _of_permissions(machine: MachineFacts) -> Iterator[Finding]:
    bad = [file for file in machine.files if file.mode is not None and (file.mode & 0o077 or not file.is_own)]
    for file in bad:
        why = "can be read or changed by other users" if file.is_own else "belongs to another user"
        command = f"chmod go= {file.path}" if file.is_own else f"chown $(id -un) {file.path}"
        yield Finding("permissions", "error", f"{file.path} {why}.", f'Run "{command}" as its owner.')
    if not bad:
        yield _ok("permissions", "Only the owner can read the data folder, the key and the token.")


def _of_room(free_bytes: int) -> Finding:
    text = f"{free_bytes / 1024**3:.1f} GiB are free on the disk of the data folder."
    if free_bytes >= LOW_ROOM_BYTES:
        return _ok("disk", text)
    level = "error" if free_bytes < NO_ROOM_BYTES else "warning"
    return Finding("disk", level, text, "Free some space, or lower PATCHBAY_CACHE_SIZE_LIMIT.")


def _of_clock(machine: MachineFacts) -> Finding:
    behind = (machine.latest_at or machine.now) - machine.now
    if behind <= CLOCK_BEHIND_SECONDS:
        return _ok("clock", "The clock is not behind what was written last.")
    return Finding(
        "clock",
        "error",
        f"The clock is {_span(behind)} behind what was written last.",
        "Correct the machine's clock, and let NTP keep it right. Stored answers seem younger than they are.",
    )


def _of_egress(machine: MachineFacts) -> Iterator[Finding]:
    if machine.ignored_variables:
        names = ", ".join(machine.ignored_variables)
        yield Finding(
            "egress",
            "warning",
            f"{names} {'is' if len(machine.ignored_variables) == 1 else 'are'} set and ignored.",
            "Providers are called directly, never through a proxy. A manifest names a CA file of its own under tls.",
        )
    if machine.authorities == 0:
        yield Finding(
            "egress",
            "error",
            "No certificate authority is known, so no provider can be called by https.",
            "Install the versions in requirements.txt again (certifi).",
        )
    elif not machine.ignored_variables:
        yield _ok("egress", f"{machine.authorities} certificate authorities are known.")


def _of_server(facts: Facts) -> Finding:
    if facts.store_trouble is not None:
        return Finding(
            "database",
            "error",
            facts.store_trouble,
            "Correct that on the database server, or PATCHBAY_DATABASE_URL. The log of the database server says more.",
        )
    if facts.store is not None:
        return _ok("database", "The database server answers, and its tables are this version's.")
    return Finding(
        "database",
        "error",
        "The tables of the database are those of another version, or are not there.",
        "Start the server of this version once, or correct PATCHBAY_DATABASE_URL.",
    )


def _of_file(facts: Facts) -> Iterator[Finding]:
    file = facts.file
    if file is None:
        yield _of_server(facts)
        return
    numbers = tuple(int(part) for part in file.sqlite_version.split("."))
    if numbers < OLDEST_SQLITE:
        yield Finding(
            "database",
            "error",
            f"SQLite {file.sqlite_version} is too old.",
            "Use a Python with SQLite 3.35 or newer.",
        )
    yield {
        "ok": _ok("database", f"The database is whole (SQLite {file.sqlite_version})."),
        "missing": Finding(
            "database",
            "warning",
            "There is no database in the data folder yet.",
            "Start the server once, or set PATCHBAY_INSTANCE to the right folder.",
        ),
        "damaged": Finding(
            "database",
            "error",
            "The database file is damaged.",
            "Stop the server and restore the file from a backup.",
        ),
        "unreadable": Finding(
            "database",
            "error",
            "The database file cannot be read.",
            "Correct the owner and the permissions of the data folder.",
        ),
        "unfinished": _ok(
            "database", "No damage was found in the part of the database that was read in time."
        ),
    }[file.integrity]
    if file.integrity in {"ok", "unfinished"}:
        yield _of_revision(file.revision, file.newest_revision, fits_newer=file.fits_newer)
    if facts.store_trouble is not None and file.integrity in {"ok", "unfinished"}:
        remedy = "Correct the owner and the permissions of the data folder."
        yield Finding("database", "error", facts.store_trouble, remedy)


def _of_revision(revision: str | None, newest: str, *, fits_newer: bool) -> Finding:
    if revision == newest:
        return _ok("migrations", f"The tables are at the newest revision, {newest}.")
    if fits_newer:
        return _ok(
            "migrations",
            f"The tables are at revision {revision} of a newer version, and this one may use them.",
        )
    if revision is None or revision < newest:
        return Finding(
            "migrations",
            "warning",
            f"The tables are at revision {revision or 'none'}, and the newest is {newest}.",
            "Make a backup, then start the server: it migrates them.",
        )
    return Finding(
        "migrations",
        "error",
        f"A newer version of Patchbay wrote the tables (revision {revision}, this one knows up to {newest}).",
        "Start that version, or restore a backup of before the update.",
    )


def _of_cache(cache: CacheFacts | None) -> Iterator[Finding]:
    if cache is None:
        yield _ok("cache", "No answer was cached yet.")
    elif not cache.reads_back:
        yield Finding(
            "cache",
            "error",
            "The cache does not read back what was written to it.",
            "Correct the permissions of the folder cache in the data folder, or delete it while the server is stopped.",
        )
    elif cache.size_bytes > cache.limit_bytes * FULL_CACHE:
        yield Finding(
            "cache",
            "warning",
            f"The cache takes {cache.size_bytes} bytes, more than PATCHBAY_CACHE_SIZE_LIMIT ({cache.limit_bytes}).",
            "Wait a minute while the server runs; if it stays so, report it.",
        )
    else:
        yield _ok("cache", "The cache reads back what was written to it, and is within its limit.")


def _of_store(store: StoreFacts) -> Iterator[Finding]:
    yield _of_key(store)
    found = [finding for one in store.integrations for finding in _of_integration(one)]
    yield from found
    if not found:
        yield _ok("integrations", f"Nothing hinders the enabled integrations ({len(store.integrations)}).")
    yield _of_prefetch(store)


def _of_key(store: StoreFacts) -> Finding:
    if store.key_error is not None:
        return Finding(
            "key",
            "error",
            store.key_error,
            "Restore the key file from its backup, readable by its owner only.",
        )
    if not store.has_store_key:
        return Finding(
            "key",
            "error",
            "This server has another key than the one that seals the secrets of the store, so it stores no secret.",
            "Set the same PATCHBAY_SECRET_KEY on every host. If that key is lost, run `secrets accept-key` here.",
        )
    if store.unreadable_secrets:
        return Finding(
            "key",
            "error",
            f"{store.unreadable_secrets} stored secrets cannot be decrypted with the present keys.",
            "Restore the key file, or add the old key to PATCHBAY_SECRET_KEY; otherwise enter the secrets again.",
        )
    return _ok("key", "Every stored secret can be decrypted.")


def _of_integration(one: IntegrationFacts) -> Iterator[Finding]:
    def finding(check: str, level: Level, message: str, remedy: str) -> Finding:
        return Finding(
            check, level, f"{one.integration_id}: {message}", remedy, one.integration_id, one.workspace_id
        )

    if one.needs_review:
        page = f"/review/{one.integration_id}?workspace_id={one.workspace_id}"
        yield finding("reviews", "warning", "a review is due.", f"Open {page} in a signed-in browser.")
    if one.missing:
        yield finding(
            "settings",
            "warning",
            f"{', '.join(one.missing)} is not set.",
            "Set it, or disable the integration.",
        )
    for name in one.unreadable:
        yield finding("key", "error", f"the secret {name} cannot be decrypted.", "Enter it again.")
    for window in one.spent_windows:
        yield finding(
            "budgets",
            "warning",
            f"the budget of its {window} is spent.",
            "Wait, fetch less often, or raise rate_limit in the manifest if the provider allows more.",
        )
    for origin, reason in one.paused_origins:
        why = "asked for a pause" if reason == "cooldown" else "failed repeatedly"
        yield finding(
            "providers",
            "warning",
            f"{origin} {why}, and is not called for now.",
            "It is called again by itself. The call log shows what happened.",
        )
    if one.unresolved_host is not None:
        yield finding(
            "egress",
            "error",
            f"the name {one.unresolved_host} cannot be resolved.",
            "Check the base URL, and the name servers of this machine.",
        )
    if one.calls >= MANY_CALLS and one.errors >= one.calls * MANY_ERRORS:
        yield finding(
            "providers",
            "error" if one.errors == one.calls else "warning",
            f"{one.errors} of its {one.calls} calls of the last day failed.",
            "Look at its calls in the call log, and test its connection.",
        )


def _of_prefetch(store: StoreFacts) -> Finding:
    if store.late_jobs == 0 or store.longest_wait <= LATE_SECONDS:
        return _ok("prefetch", "No scheduled block is late.")
    return Finding(
        "prefetch",
        "error" if store.longest_wait > VERY_LATE_SECONDS else "warning",
        f"{store.late_jobs} scheduled blocks are late, by up to {_span(store.longest_wait)}.",
        "Fetch fewer blocks, or less often; GET /prefetch lists them."
        if store.is_prefetch_on
        else "Start a server with PATCHBAY_PREFETCH=on.",
    )


def _span(seconds: float) -> str:
    for name, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {name}"
    return f"{int(seconds)} seconds"
