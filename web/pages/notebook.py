"""The integrations that the example frontend offers: a list for its gallery, and each one's declaration."""

from __future__ import annotations

import gzip
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request

blueprint = Blueprint("notebook", __name__)

COMPRESSION_LEVEL = 6


@blueprint.get("/notebook/gallery.json")
def list_offers() -> Response:
    """What can be added, as a JSON array: for the real providers, or for the sandbox in `NOTEBOOK_SANDBOX`."""
    # The examples import a whole sandbox, which no other page needs.
    from examples import notebook_plugins  # noqa: PLC0415

    return _compressed(notebook_plugins.list_offers(current_app.config.get("NOTEBOOK_SANDBOX")))


@blueprint.get("/notebook/plugins/<string:plugin_id>.json")
def show_declaration(plugin_id: str) -> Response:
    """The declaration of one integration, as `POST /plugins/register` takes it."""
    from examples import notebook_plugins  # noqa: PLC0415

    declaration = notebook_plugins.find_declaration(plugin_id, current_app.config.get("NOTEBOOK_SANDBOX"))
    if declaration is None:
        abort(404)
    return _compressed(declaration)


def _compressed(data: Any) -> Response:
    """The data as JSON, compressed where the browser takes that: a page loads many declarations."""
    response = jsonify(data)
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0:
        response.set_data(gzip.compress(response.get_data(), COMPRESSION_LEVEL, mtime=0))
        response.content_encoding = "gzip"
    return response
