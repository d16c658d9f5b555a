"""Functions that the store's routes share."""

from __future__ import annotations

from typing import Any

from errors import Invalid

PAGINATION = {
    "X-Pagination": {
        "description": "The list's size as JSON: total, total_pages, page, page_size.",
        "schema": {"type": "string"},
    }
}


def check_plugin_id(plugin_id: str, body: dict[str, Any]) -> None:
    """Raises Invalid if the body belongs to another plugin than the path."""
    if body.get("plugin_id", plugin_id) != plugin_id:
        raise Invalid(
            "The body is of another plugin.", errors={"plugin_id": [f"Must be {plugin_id}, as in the URL."]}
        )
