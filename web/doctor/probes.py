"""Gathers the facts. Changes nothing but for one entry of its own in the cache, and calls no provider.

Names are resolved, because that costs no provider anything; whether a provider answers is read from the call log.
"""

from __future__ import annotations

import os
import secrets
import shutil
import ssl
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from socket import getaddrinfo
from urllib.parse import urlsplit

import certifi

from integrations.budget import Budget, account_of
from integrations.caching.bytes_cache import BytesCache
from integrations.catalog.catalog import Catalog, Installed
from integrations.usage.periods import ALL, DAY_SECONDS, HOUR_SECONDS
from plugin_store.engine.database import Database
from plugin_store.engine.sqlite.file import DATABASE_NAME
from plugin_store.engine.sqlite.file_check import FileCheck, check_file
from plugin_store.vault.vault import Vault
from plugin_store.workspaces import Scope
from settings import Settings, version
from web.doctor.facts import CacheFacts, Facts, FileFacts, IntegrationFacts, MachineFacts, StoreFacts
from web.gate.tokens import token_path

CHECK_SECONDS = 5.0
RESOLVE_SECONDS = 3.0
PROBE_SECONDS = 60.0
MAX_HOSTS = 50
PROXY_VARIABLES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
_WAITING = "SELECT count(*), min(next_run_at) FROM prefetch_jobs WHERE NOT is_paused AND next_run_at < ?"
_LAST_CALL = "SELECT at FROM plugin_api_logs ORDER BY id DESC LIMIT 1"
_CALLS = (
    "SELECT plugin_id, sum(calls), sum(errors) FROM usage_periods "
    "WHERE workspace_id = ? AND period_seconds = ? AND starts_at >= ? AND plugin_id != ? GROUP BY plugin_id"
)


class StoreProbe:
    """Reads the store's facts."""

    def __init__(
        self, settings: Settings, database: Database, vault: Vault, catalog: Catalog, budget: Budget
    ):
        self._settings = settings
        self._database = database
        self._vault = vault
        self._catalog = catalog
        self._budget = budget

    def read(self, now: float) -> StoreFacts:
        """The facts. Raises StorageFailed."""
        late, oldest = self._database.query(_WAITING, (now,))[0]
        workspace_ids = [row[0] for row in self._database.query("SELECT id FROM workspaces", ())]
        found = [one for workspace_id in workspace_ids for one in self._integrations(workspace_id, now)]
        last_calls = self._database.query(_LAST_CALL, ())
        return StoreFacts(
            unreadable_secrets=len(self._vault.list_unreadable()),
            key_error=None,
            integrations=tuple(self._with_names(found)),
            late_jobs=late,
            longest_wait=0.0 if oldest is None else now - oldest,
            is_prefetch_on=self._settings.prefetch,
            last_call_at=last_calls[0][0] if last_calls else None,
            has_store_key=self._vault.has_store_key(),
        )

    def _integrations(self, workspace_id: int, now: float) -> list[tuple[IntegrationFacts, str | None]]:
        """Each enabled integration, with the host that it calls."""
        enabled = [one for one in self._catalog.list(Scope(workspace_id, None)) if one.enabled]
        statuses = self._budget.statuses(workspace_id, [account_of(one) for one in enabled])
        rows = self._database.query(_CALLS, (workspace_id, HOUR_SECONDS, now - DAY_SECONDS, ALL))
        calls = {plugin_id: (made, failed) for plugin_id, made, failed in rows}
        found: list[tuple[IntegrationFacts, str | None]] = []
        for one in enabled:
            status = statuses[one.plugin_id]
            made, failed = calls.get(one.plugin_id, (0, 0))
            facts = IntegrationFacts(
                workspace_id=workspace_id,
                integration_id=one.plugin_id,
                needs_review=one.review is not None,
                missing=one.missing,
                unreadable=tuple(one.unreadable_secrets()),
                spent_windows=tuple(window.name for window in status.windows if window.left <= 0),
                paused_origins=tuple((pause.origin, pause.reason) for pause in status.paused_origins),
                unresolved_host=None,
                calls=made,
                errors=failed,
            )
            found.append((facts, _host_of(one)))
        return found

    def _with_names(self, found: list[tuple[IntegrationFacts, str | None]]) -> Iterable[IntegrationFacts]:
        # Samples answer in place of providers, and this machine may have no network then.
        hosts = {host for _, host in found if host is not None and self._settings.samples is None}
        unresolved = unresolved_hosts(hosts)
        for facts, host in found:
            yield replace(facts, unresolved_host=host) if host in unresolved else facts


def _host_of(installed: Installed) -> str | None:
    base_url = installed.integration.base_url
    origin = None if base_url is None else base_url.origin(installed.config)
    return None if origin is None else urlsplit(origin).hostname


def unresolved_hosts(hosts: Collection[str]) -> set[str]:
    """Those of the first hosts whose names are known to have no address. A slow name server is not waited for."""
    pool = ThreadPoolExecutor(8, thread_name_prefix="doctor")
    asked = {pool.submit(_resolves, host): host for host in sorted(hosts)[:MAX_HOSTS]}
    done, _ = wait(asked, RESOLVE_SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    return {asked[answered] for answered in done if not answered.result()}


def _resolves(host: str) -> bool:
    try:
        return bool(getaddrinfo(host, None))
    except (OSError, UnicodeError):
        return False


def gather(
    settings: Settings,
    now: float,
    file: FileCheck | None,
    store: StoreFacts | None,
    running_version: str | None,
    store_trouble: str | None = None,
) -> Facts:
    """All facts.

    `running_version` is that of another process that serves, if there is one; `store_trouble` why the store fails.
    """
    latest = [*_written_at(settings.instance)]
    if store is not None and store.last_call_at is not None:
        latest.append(store.last_call_at)
    machine = MachineFacts(
        files=tuple(_files(settings)),
        free_bytes=shutil.disk_usage(_existing(settings.instance)).free,
        now=now,
        latest_at=max(latest, default=None),
        ignored_variables=tuple(_ignored_variables(os.environ)),
        authorities=_count_authorities(),
        running_version=running_version,
        own_version=version(),
    )
    return Facts(machine, file, _look_at_cache(settings), store, store_trouble)


def check_store_file(settings: Settings) -> FileCheck | None:
    """The check of the store's file, which takes some seconds at most; None where it is on a database server."""
    if settings.database_url is not None:
        return None
    return check_file(settings.instance, CHECK_SECONDS)


def _files(settings: Settings) -> Iterable[FileFacts]:
    paths = [settings.instance]
    paths += [settings.instance / DATABASE_NAME] if settings.database_url is None else []
    paths += [] if settings.secret_keys else [settings.secret_key_file]
    paths += [] if settings.token else [token_path(settings)]
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            yield FileFacts(str(path), None)
        else:
            yield FileFacts(str(path), status.st_mode & 0o777, status.st_uid == os.geteuid())


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _written_at(folder: Path) -> Iterable[float]:
    for path in folder.glob(f"{DATABASE_NAME}*"):
        with suppress(OSError):
            yield path.stat().st_mtime


def _ignored_variables(environ: Mapping[str, str]) -> Iterable[str]:
    return (name for name in sorted(environ) if name.upper() in PROXY_VARIABLES and environ[name])


def _count_authorities() -> int:
    try:
        return ssl.create_default_context(cafile=certifi.where()).cert_store_stats()["x509_ca"]
    except (OSError, ssl.SSLError):
        return 0


def _look_at_cache(settings: Settings) -> CacheFacts | None:
    # Not by `Bodies`, which deletes a damaged cache to make a new one.
    folder, limit_bytes = settings.instance / "cache", settings.cache_size_limit_bytes
    if not folder.is_dir():
        return None
    try:
        cache = BytesCache(folder)
    except Exception:  # whatever diskcache and SQLite raise, it cannot be used
        return CacheFacts(0, limit_bytes, reads_back=False)
    try:
        return CacheFacts(int(cache.volume()), limit_bytes, _reads_back(cache))
    except Exception:  # as above
        return CacheFacts(0, limit_bytes, reads_back=False)
    finally:
        cache.close()


def _reads_back(cache: BytesCache) -> bool:
    key, written = f"doctor-{secrets.token_hex(8)}", secrets.token_bytes(32)
    try:
        cache.set(key, written, PROBE_SECONDS)
        return cache.get(key) == written
    finally:
        cache.delete(key)
