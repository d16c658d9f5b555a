"""The services that routes use, created once by the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from integrations.actions.actions import Actions
    from integrations.budget import Budget
    from integrations.caching.services import CachingServices
    from integrations.calling.services import CallingServices
    from integrations.catalog.catalog import Catalog
    from integrations.fast_path.response_cache import ResponseCache
    from integrations.prefetch.services import PrefetchServices
    from integrations.rendering.services import RenderingServices
    from integrations.tokens.services import TokenServices
    from integrations.usage.services import UsageServices
    from plugin_store.engine.database import Database
    from plugin_store.services import StoreServices
    from settings import Settings
    from web.events.event_hub import EventHub


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a route may use, by subsystem."""

    settings: Settings
    clock: Callable[[], float]
    database: Database
    store: StoreServices
    catalog: Catalog
    caching: CachingServices
    usage: UsageServices
    budget: Budget
    tokens: TokenServices
    calling: CallingServices
    rendering: RenderingServices
    actions: Actions
    prefetch: PrefetchServices
    response_cache: ResponseCache
    events: EventHub


def services() -> Services:
    """The services of the app that serves this request."""
    return cast(Services, current_app.extensions["patchbay"])
