"""The example frontend's list of plugins, which its page declares at every start."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify

blueprint = Blueprint("notebook", __name__)


@blueprint.get("/notebook/plugins.json")
def list_plugins() -> Response:
    """The declarations as a JSON array: for the real providers, or for the sandbox in `NOTEBOOK_SANDBOX`."""
    # The examples import a whole sandbox, which no other page needs.
    from examples.notebook_plugins import list_declarations  # noqa: PLC0415

    return jsonify(list_declarations(current_app.config.get("NOTEBOOK_SANDBOX")))
