"""The route of the doctor."""

from __future__ import annotations

from typing import Any

from schemas.api.doctor import DoctorSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.doctor.examination import examine_server
from web.doctor.findings import worst

blueprint = Blueprint("doctor", __name__, description="What is wrong with this installation.")


@blueprint.route("/doctor", methods=["GET"])
@blueprint.response(200, DoctorSchema)
def show_findings() -> dict[str, Any]:
    """Examine this installation: what is wrong, and what to do about it. Calls no provider."""
    findings = examine_server(services())
    return {"level": worst(findings), "findings": findings}
