"""The example frontend's own list of plugins, which its page declares at every start."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, jsonify

from examples.catalog import against_sandbox, load_examples, sandbox_config

blueprint = Blueprint("notebook", __name__)


@blueprint.get("/notebook/plugins.json")
def list_plugins() -> Response:
    """The declarations as a JSON array: for the real providers, or for the sandbox in `NOTEBOOK_SANDBOX`."""
    sandbox_url: str | None = current_app.config.get("NOTEBOOK_SANDBOX")
    declarations = load_examples()
    if sandbox_url:
        declarations = [turn_to_sandbox(declaration, sandbox_url) for declaration in declarations]
    return jsonify(declarations)


def turn_to_sandbox(declaration: Mapping[str, Any], sandbox_url: str) -> dict[str, Any]:
    """The declaration for the sandbox: its settings work unset, and each secret's help says what to enter.

    A secret is never filled in: that is what a person does in a frontend.
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
