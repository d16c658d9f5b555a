"""The plugins of the example frontend's page: every example, for the real providers or for the sandbox."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from examples.catalog import against_sandbox, load_examples, sandbox_config


def list_declarations(sandbox_url: str | None) -> list[dict[str, Any]]:
    """The examples' registration bodies, converted for the sandbox if its URL is given."""
    declarations = load_examples()
    if sandbox_url is None:
        return declarations
    return [turn_to_sandbox(declaration, sandbox_url) for declaration in declarations]


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
