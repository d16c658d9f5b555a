"""Whether this server is alive and ready: for probes, so without a token and without details."""

from __future__ import annotations

import logging
import tempfile

from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from errors import StorageFailed
from settings import version
from web.api.context import services

log = logging.getLogger("patchbay.health")

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def show_health() -> Response:
    """200 as long as the process answers.

    A page of any origin may check that something answers, but not read the answer. So a client can tell a server that
    refuses its origin from one that is not running.
    """
    response = jsonify(status="ok", version=version())
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blueprint.get("/readyz")
def show_readiness() -> tuple[Response, int]:
    """200 if the database and the data folder can be used and secrets sealed; else 503 that names what cannot.

    The key is looked at where hosts share a store, because each could have another one.
    """
    checks = {"database": _can_use_database(), "data_folder": _can_write_data_folder()}
    if services().database.spans_hosts:
        checks["secret_key"] = _has_store_key()
    ready = all(checks.values())
    named = {name: "ok" if works else "failed" for name, works in checks.items()}
    return jsonify(status="ok" if ready else "failed", checks=named), 200 if ready else 503


def _can_use_database() -> bool:
    try:
        with services().database.reading() as session:
            session.execute(text("SELECT 1 FROM plugins LIMIT 1"))
        services().database.require_writable()
    except StorageFailed as error:
        log.warning("the database cannot be used: %s", error.detail)
        return False
    except Exception as error:  # whatever it is, the server is not ready
        log.warning("the database cannot be used: %s", type(error).__name__)
        return False
    return True


def _has_store_key() -> bool:
    try:
        return services().store.vault.has_store_key()
    except StorageFailed:
        return False


def _can_write_data_folder() -> bool:
    try:
        with tempfile.TemporaryFile(dir=services().settings.instance) as probe:
            probe.write(b"ready?")
    except OSError as error:
        log.warning("the data folder cannot be written: %s", type(error).__name__)
        return False
    return True
