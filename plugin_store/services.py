"""The store's services, built from the runtime and the integrations' functions for manifests."""

from __future__ import annotations

from dataclasses import dataclass

from plugin_store.audit_log import AuditLog
from plugin_store.engine.runtime import Runtime
from plugin_store.registry import CheckPlugin, Registry
from plugin_store.settings.configs import Configs
from plugin_store.settings.review_events import ReviewEvents
from plugin_store.settings.reviews import Reviews
from plugin_store.settings.secret_destinations import Destinations
from plugin_store.vault.keyring import load_keyring
from plugin_store.vault.store_key import has_store_key
from plugin_store.vault.vault import Vault, has_secrets

DAY_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class StoreServices:
    """The services for declarations and settings."""

    vault: Vault
    registry: Registry
    configs: Configs
    reviews: Reviews
    audit_log: AuditLog


def build_store(runtime: Runtime, destinations: Destinations, check_plugin: CheckPlugin) -> StoreServices:
    """The store. `destinations` returns where a plugin's secrets go. Raises ConfigurationError and StorageFailed."""
    settings, clock, database = runtime.settings, runtime.clock, runtime.database
    may_create = not has_secrets(database) and not has_store_key(database)
    keyring = load_keyring(settings.secret_keys, settings.secret_key_file, may_create=may_create)
    vault = Vault(database, keyring, clock)
    vault.note_first_key()
    reviews = Reviews(database, vault, destinations)
    return StoreServices(
        vault=vault,
        registry=Registry(
            database, check_plugin, clock, reviews.review_of, ReviewEvents(vault, destinations).recorded
        ),
        configs=Configs(database, vault, destinations, clock),
        reviews=reviews,
        audit_log=AuditLog(database, clock, settings.audit_retention_days * DAY_SECONDS),
    )
