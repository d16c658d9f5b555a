"""The integrations that the example frontend offers: every example, for the real providers or for the sandbox."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from examples.catalog import against_sandbox, load_examples, sandbox_config


def list_offers(sandbox_url: str | None) -> list[dict[str, Any]]:
    """What a gallery shows of each integration: name, icon, what a user has to enter, and its blocks."""
    return [_offer(declaration) for declaration in _declarations(sandbox_url)]


def find_declaration(plugin_id: str, sandbox_url: str | None) -> dict[str, Any] | None:
    """The registration body of one integration, None if there is none of this id."""
    found = [declaration for declaration in _declarations(sandbox_url) if declaration["id"] == plugin_id]
    return found[0] if found else None


def turn_to_sandbox(declaration: Mapping[str, Any], sandbox_url: str) -> dict[str, Any]:
    """The declaration for the sandbox: its settings work unset, and each secret's help says what to enter.

    Secrets are never filled in: users do that in a frontend.
    """
    turned = copy.deepcopy(against_sandbox(declaration, sandbox_url))
    values = sandbox_config(turned["id"], sandbox_url)
    for item in turned["manifest"].get("properties", ()):
        value = values.get(item["name"])
        if value is None:
            continue
        if item.get("secure"):
            item["ui"] = {**item.get("ui", {}), "help": f"The sandbox takes {value}"}
        else:
            item["default"] = value
    return turned


def _declarations(sandbox_url: str | None) -> list[dict[str, Any]]:
    declarations = [example for example in load_examples() if example["type"] == "integration"]
    if sandbox_url is None:
        return declarations
    return [turn_to_sandbox(declaration, sandbox_url) for declaration in declarations]


def _offer(declaration: Mapping[str, Any]) -> dict[str, Any]:
    manifest = declaration["manifest"]
    return {
        "id": declaration["id"],
        "name": declaration["name"],
        "version": declaration["version"],
        "description": manifest.get("description", ""),
        "icon": manifest.get("icon"),
        "needs": [_label(item) for item in manifest.get("properties", ()) if _must_be_entered(item)],
        "signs_in": manifest["integration"].get("auth_method") == "oauth2_authorization_code",
        "blocks": [_offered_block(block) for block in manifest.get("blocks", ())],
    }


def _offered_block(block: Mapping[str, Any]) -> dict[str, Any]:
    display = block.get("display") or {}
    return {
        "id": block["id"],
        "name": block.get("name", block["id"]),
        "description": block.get("description", ""),
        "kind": display.get("kind") or display.get("as"),
        "is_action": "action" in block,
        "takes_url": "url" in block.get("config_schema", ()),
        "url_patterns": list(block.get("url_patterns", ())),
    }


def _must_be_entered(item: Mapping[str, Any]) -> bool:
    return bool(item.get("required")) and "default" not in item


def _label(item: Mapping[str, Any]) -> str:
    return item.get("ui", {}).get("label") or item["name"].replace("_", " ").capitalize()
