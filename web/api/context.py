"""The services that a request works with, made once by the app and found again by every route."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from integrations.actions.actions import Actions
    from integrations.budget import Budget
    from integrations.caching.artifacts import Artifacts
    from integrations.calling.executor import Executor
    from integrations.calling.sender import Sender
    from integrations.catalog.catalog import Catalog
    from integrations.fast_path.response_cache import ResponseCache
    from integrations.prefetch.jobs import Jobs
    from integrations.prefetch.prefetcher import Prefetcher
    from integrations.rendering.batch import Batches
    from integrations.rendering.connection_test import ConnectionTest
    from integrations.rendering.explain.explainer import Explainer
    from integrations.rendering.render import Renderer
    from integrations.tokens.sign_ins import SignIns
    from integrations.tokens.token_cache import TokenCache
    from integrations.usage.call_log import CallLog
    from integrations.usage.counter import UsageCounter
    from plugin_store.engine.database import Database
    from plugin_store.registry import Registry
    from plugin_store.settings.configs import Configs
    from plugin_store.settings.reviews import Reviews
    from plugin_store.vault.vault import Vault
    from settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a route may ask for."""

    settings: Settings
    clock: Callable[[], float]
    database: Database
    registry: Registry
    configs: Configs
    vault: Vault
    reviews: Reviews
    catalog: Catalog
    artifacts: Artifacts
    tokens: TokenCache
    sign_ins: SignIns
    budget: Budget
    call_log: CallLog
    usage: UsageCounter
    executor: Executor
    sender: Sender
    renderer: Renderer
    response_cache: ResponseCache
    batches: Batches
    actions: Actions
    explainer: Explainer
    prefetch_jobs: Jobs
    prefetcher: Prefetcher
    connection_test: ConnectionTest


def services() -> Services:
    """The services of the app that serves this request."""
    return cast(Services, current_app.extensions["patchbay"])
