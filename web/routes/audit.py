"""The route of the audit log."""

from __future__ import annotations

from typing import Any

from plugin_store.audit_log import AuditFilter, dump_entry
from schemas.api.audit import AuditEntrySchema, AuditQuerySchema
from web.api.blueprint import Blueprint
from web.api.context import services

blueprint = Blueprint("audit", __name__, description="Who changed what, and from where")


@blueprint.route("/audit", methods=["GET"])
@blueprint.arguments(AuditQuerySchema, location="query")
@blueprint.response(200, AuditEntrySchema(many=True))
def list_entries(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The audit log, newest first. A page may be followed by another if it is full."""
    entries = services().store.audit_log.read(AuditFilter.of(asked), asked["page_size"])
    return [dump_entry(entry) for entry in entries]
