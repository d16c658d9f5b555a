"""The route of the doctor."""

from __future__ import annotations

from typing import Any

from flask import current_app

from integrations.concurrency.single_flight import SingleFlight
from schemas.api.doctor import DoctorSchema
from web.api.blueprint import Blueprint
from web.api.context import services
from web.doctor.examination import examine_server
from web.doctor.findings import Finding, worst

blueprint = Blueprint("doctor", __name__, description="What is wrong with this installation.")


@blueprint.route("/doctor", methods=["GET"])
@blueprint.response(200, DoctorSchema)
def show_findings() -> dict[str, Any]:
    """Examine this installation: what is wrong, and what to do about it. Calls no provider."""
    found = services()
    findings = _flights().run("server", lambda: examine_server(found))
    return {"level": worst(findings), "findings": findings}


def _flights() -> SingleFlight[list[Finding]]:
    """One examination at a time: it takes seconds of a slow disk, and threads that wait for a slow name server."""
    return current_app.extensions.setdefault("patchbay_doctor", SingleFlight())
