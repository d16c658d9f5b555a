"""Manifests of the store's tests, and small stand-ins for what compiles them and tells where secrets go."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from errors import Invalid
from plugin_store.settings.plugin_state import PluginState
from plugin_store.settings.properties import properties_of
from plugin_store.vault.destinations import Destination

WEATHER_PROPERTIES = [
    {"name": "api_key", "type": "string", "secure": True, "required": True},
    {"name": "units", "type": "string", "enum": ["metric", "imperial"], "default": "metric"},
    {"name": "days", "type": "integer", "min": 1, "max": 16, "default": 5},
    {"name": "city", "type": "string"},
    {"name": "host", "type": "string", "format": "hostname"},
]


def weather(base_url: str = "https://api.example.com/v1", **changes: Any) -> dict[str, Any]:
    """An integration whose `api_key` travels in a header to `base_url`."""
    manifest = {"integration": {"base_url": base_url}, "properties": WEATHER_PROPERTIES}
    return {
        "id": "weather",
        "name": "Weather",
        "version": "1.0.0",
        "type": "integration",
        "manifest": manifest,
    } | changes


def view(plugin_id: str = "board", **manifest: Any) -> dict[str, Any]:
    return {"id": plugin_id, "name": "Board", "version": "1.0.0", "type": "view", "manifest": manifest}


class Warned(NamedTuple):
    """Something that a stand-in warns of."""

    path: str
    message: str
    code: str


def check_plugin(plugin_id: str, plugin_type: str, manifest: Mapping[str, Any]) -> list[Warned]:
    """Refuses an endpoint without a path and warns of a word `odd`, as a real check would."""
    endpoints = manifest.get("endpoints", [])
    errors = {
        f"manifest.endpoints[{index}].path": ["Missing."]
        for index, endpoint in enumerate(endpoints)
        if "path" not in endpoint
    }
    if errors:
        raise Invalid("The manifest cannot work.", errors=errors)
    return [Warned("manifest.odd", "Odd.", "odd-word")] if "odd" in manifest else []


def destination(
    name: str = "api_key",
    origin: str | None = "https://api.example.com:443",
    placement: str = "header",
    template: str | None = None,
) -> Destination:
    """Where a secret of these tests goes."""
    return Destination("call", placement, name, origin, template)


def destinations(
    plugin_state: PluginState, config: Mapping[str, Any]
) -> Mapping[str, Collection[Destination]]:
    """Every secret in the manifest's `place` (a header by its own name) at the origin of base_url."""
    integration = plugin_state.manifest.get("integration")
    if not integration:
        return {}
    template = integration["base_url"]
    missing = [name for name in re.findall(r"\{(\w+)\}", template) if name not in config]
    origin = None if missing else _origin(template.format(**config))
    place = integration.get("place", "header")
    return {
        spec.name: [destination(spec.name, origin, place, template if missing else None)]
        for spec in properties_of(plugin_state.manifest)
        if spec.secure
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or 443}"
