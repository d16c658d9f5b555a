"""Examines an installation: from within a server that runs, or from its data folder alone."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import closing

from errors import StorageFailed
from integrations.budget import Budget
from integrations.catalog.catalog import Catalog
from integrations.catalog.compiled_manifests import CompiledManifests
from plugin_store.engine.database import Database
from plugin_store.engine.opening import is_current, open_database
from plugin_store.engine.sqlite.file_check import FileCheck
from plugin_store.settings.reviews import Reviews
from plugin_store.vault.keyring import load_keyring
from plugin_store.vault.vault import Vault
from settings import ConfigurationError, Settings
from web.api.context import Services
from web.doctor.facts import StoreFacts
from web.doctor.findings import Finding, find
from web.doctor.probes import StoreProbe, check_store_file, gather

HEALTH_SECONDS = 2.0
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


def examine_server(services: Services) -> list[Finding]:
    """The findings of the server that answers, the worst first."""
    settings, now = services.settings, services.clock()
    file = check_store_file(settings)
    probe = StoreProbe(settings, services.database, services.store.vault, services.catalog, services.budget)
    store, trouble = _examine_store(services.database, probe, now)
    return find(gather(settings, now, file, store, None, trouble))


def examine_folder(settings: Settings) -> list[Finding]:
    """The findings of a data folder, whether a server runs on it or not. Nothing is created or migrated."""
    file, now = check_store_file(settings), time.time()
    store, trouble = _read_store(settings, now) if _is_readable(file) else (None, None)
    return find(gather(settings, now, file, store, _running_version(settings), trouble))


def _is_readable(file: FileCheck | None) -> bool:
    return file is None or file.is_usable


def _examine_store(database: Database, probe: StoreProbe, now: float) -> tuple[StoreFacts | None, str | None]:
    """What the store says, and why it cannot be used."""
    store = None
    try:
        store = probe.read(now)
        database.require_writable()
    except StorageFailed as error:
        return store, error.detail
    return store, None


def _read_store(settings: Settings, now: float) -> tuple[StoreFacts | None, str | None]:
    with closing(open_database(settings.instance, settings.database_url)) as database:
        try:
            if not is_current(database):
                return None, None
            return _examine_store(database, _probe_of(settings, database), now)
        except ConfigurationError as error:
            return StoreFacts(0, error.message, (), 0, 0.0, settings.prefetch, None), None
        except StorageFailed as error:
            return None, error.detail


def _probe_of(settings: Settings, database: Database) -> StoreProbe:
    """Raises ConfigurationError for a key file that cannot be used."""
    manifests = CompiledManifests()
    keyring = load_keyring(settings.secret_keys, settings.secret_key_file, may_create=False)
    vault = Vault(database, keyring, time.time)
    review_of = Reviews(database, vault, manifests.destinations).review_plugin_state
    is_sampled = settings.samples is not None
    catalog = Catalog(database, vault, manifests, review_of, time.time, is_sampled)
    return StoreProbe(settings, database, vault, catalog, Budget(database, time.time))


def _running_version(settings: Settings) -> str | None:
    """The version of the server that answers at the configured address; None without one."""
    host = ANY_ADDRESS.get(settings.host, settings.host)
    connection = http.client.HTTPConnection(host, settings.port, timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", "/healthz")
        found = json.loads(connection.getresponse().read(10_000)).get("version")
        return found if isinstance(found, str) else None
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        return None
    finally:
        connection.close()
