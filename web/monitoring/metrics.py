"""Metrics of this process in Prometheus' format.

Counts begin with the process, as Prometheus expects. Nothing is counted only for this on the path of a hit: the metrics
are collected at each scrape. Labels hold ids and our own fixed words, never a URL or a value.
"""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from web.api.context import services
from web.gate.callers import gate
from web.server.durations import EXTENSION

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show_metrics() -> Response:
    """The metrics in Prometheus' text format. Raises StorageFailed."""
    # Most installations are never scraped.
    from web.monitoring.figures import write_figures  # noqa: PLC0415
    from web.monitoring.server_figures import ServerFigures  # noqa: PLC0415

    server = ServerFigures(services(), current_app.extensions[EXTENSION], gate().attempts)
    return Response(write_figures(services(), server), content_type=CONTENT_TYPE)
