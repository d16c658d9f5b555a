"""The integrations that the example frontend offers: a list for its gallery, and each one's declaration."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, jsonify

from web.api.compression import compressed

blueprint = Blueprint("notebook", __name__)


@blueprint.get("/notebook/gallery.json")
def list_offers() -> Response:
    """What can be added, as a JSON array: for the real providers, or for the sandbox in `NOTEBOOK_SANDBOX`."""
    # The examples import a whole sandbox, which no other page needs.
    from examples import notebook_plugins  # noqa: PLC0415

    return compressed(jsonify(notebook_plugins.list_offers(current_app.config.get("NOTEBOOK_SANDBOX"))))


@blueprint.get("/notebook/plugins/<string:plugin_id>.json")
def show_declaration(plugin_id: str) -> Response:
    """The declaration of one integration, as `POST /plugins/register` takes it."""
    from examples import notebook_plugins  # noqa: PLC0415

    declaration = notebook_plugins.find_declaration(plugin_id, current_app.config.get("NOTEBOOK_SANDBOX"))
    if declaration is None:
        abort(404)
    return compressed(jsonify(declaration))
