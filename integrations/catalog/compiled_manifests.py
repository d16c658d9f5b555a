"""Manifests, compiled once and cached while they are used."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from typing import Any

from cachetools import LRUCache, cachedmethod

from errors import Invalid
from integrations.manifests.compiling import compile_plugin
from integrations.manifests.model import Integration
from plugin_store.settings.plugin_state import PluginState
from plugin_store.vault.destinations import Destination

# More than the integrations of a large installation: a list of more than this many compiles all of them each time.
# One takes about 15 KB.
MAX_KEPT = 1024


class CompiledManifests:
    """The integrations of registered manifests, by plugin and digest."""

    def __init__(self) -> None:
        self._kept: LRUCache[tuple[str, str], Integration | None] = LRUCache(MAX_KEPT)
        self._lock = threading.Lock()

    @cachedmethod(
        lambda self: self._kept,
        key=lambda _, plugin_state: (plugin_state.plugin_id, plugin_state.digest),
        lock=lambda self: self._lock,
    )
    def integration_of(self, plugin_state: PluginState) -> Integration | None:
        """The plugin's integration; None for a plugin that calls nothing.

        Raises Invalid for a manifest that an older Patchbay accepted and this one refuses.
        """
        return compile_plugin(
            plugin_state.plugin_id, plugin_state.type, plugin_state.manifest, is_stored=True
        )

    def destinations(
        self, plugin_state: PluginState, config: Mapping[str, Any]
    ) -> Mapping[str, Collection[Destination]]:
        """The destinations of the plugin's secrets with these settings, by the secret's name."""
        try:
            integration = self.integration_of(plugin_state)
        except Invalid:
            return {}
        return integration.destinations(config) if integration is not None else {}
