"""Manifests compiled once and kept while they are used."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any

from errors import Invalid
from integrations.compiling import compile_plugin
from integrations.manifest import Integration
from plugin_store.destinations import Destination
from plugin_store.standing import Standing

MAX_KEPT = 224


class CompiledManifests:
    """The integrations of registered manifests, by plugin and digest."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Integration | None] = OrderedDict()
        self._lock = threading.Lock()

    def integration_of(self, standing: Standing) -> Integration | None:
        """The plugin's integration; None for a plugin that calls nothing.

        Raises Invalid for a manifest that an older Patchbay took and this one refuses.
        """
        key = (standing.plugin_id, standing.digest)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        integration = compile_plugin(standing.plugin_id, standing.type, standing.manifest, is_stored=True)
        with self._lock:
            self._kept[key] = integration
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return integration

    def destinations(
        self, standing: Standing, config: Mapping[str, Any]
    ) -> Mapping[str, Collection[Destination]]:
        """Where the plugin's secrets would be sent with these settings, by the secret's name."""
        try:
            integration = self.integration_of(standing)
        except Invalid:
            return {}
        return integration.destinations(config) if integration is not None else {}
