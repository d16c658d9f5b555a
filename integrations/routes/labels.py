"""What tells integrations apart for people, wherever they are listed."""

from __future__ import annotations

from typing import Any

from integrations.catalog.catalog import Installed
from schemas.manifests.display import icon_of


def label_of(installed: Installed | None) -> dict[str, Any]:
    """`name` and `icon`, both None for an integration that is no longer registered."""
    if installed is None:
        return {"name": None, "icon": None}
    plugin_state = installed.plugin_state
    return {"name": plugin_state.name, "icon": icon_of(plugin_state.manifest)}
