"""Which tables of a store are its data, and which belong to the place where it is."""

from __future__ import annotations

from sqlalchemy import Table

from plugin_store.access_models import AccessToken, AuditEntry, ConnectRequest
from plugin_store.models import Base
from plugin_store.ownership import Provisioned
from plugin_store.shared_models import CachedBody, KeyFingerprint, TableCompatibility

BODIES, FINGERPRINT = Base.metadata.tables["cached_bodies"], Base.metadata.tables["key_fingerprint"]

COPIED = {
    "plugins": "what is declared",
    "workspaces": "what is set",
    "notebooks": "what is set",
    "plugin_configs": "what is set",
    "notebook_plugin_configs": "what is set",
    "plugin_secrets": "what is set; the same key decrypts it",
    "provisioned": "the files own the same things, wherever the store is",
    "access_tokens": "programs keep their tokens",
    "connect_requests": "a request that waits for a user is still answered",
    "sessions": "browsers stay signed in while the token is the same",
    "integration_artifacts": "what is cached costs quotas to fetch again",
    "prefetch_jobs": "what is pinned, and when each block is due",
    "integration_budgets": "what is spent of a rate limit is spent at the provider",
    "upstream_rests": "a pause that a provider asked for goes on",
    "action_runs": "an action that was run is not run again",
    "plugin_api_logs": "the log",
    "usage_periods": "the usage",
    "history_series": "the history",
    "history_samples": "the history",
    "audit_log": "who changed what",
    "events": "a stream that resumes finds the event that it had last",
    "store_revision": "it goes on from where it was, so that no older number comes again",
}
LEFT = {
    "cached_bodies": "where a store has its bodies depends on the engine: they are carried from place to place",
    "table_compatibility": "the migrations of the target say it of its tables",
    "key_fingerprint": "a store that hosts share has that of the key; another one has none",
}
# What a migration puts there itself.
SEEDED = frozenset({"store_revision", "table_compatibility"})
# Tables whose models stand in modules of their own, which have to be known here.
_MODELS = (
    AccessToken,
    AuditEntry,
    ConnectRequest,
    Provisioned,
    CachedBody,
    KeyFingerprint,
    TableCompatibility,
)


def copied_tables() -> list[Table]:
    """The tables whose rows are copied, each after those that its rows refer to."""
    return [table for table in Base.metadata.sorted_tables if table.name in COPIED]


def all_tables() -> list[Table]:
    return list(Base.metadata.sorted_tables)
