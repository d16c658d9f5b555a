"""What this process did and what holds it back, as Prometheus reads it.

Counts begin with the process, as Prometheus expects of them. Nothing is counted for this alone on the way of a hit:
the figures are put together when somebody asks. Labels hold ids and words of ours, never an address or a value.
"""

from __future__ import annotations

from flask import Blueprint, Response

from web.api.context import services

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show_metrics() -> Response:
    """The figures in Prometheus' text format. Raises StorageFailed."""
    # Most houses are never asked.
    from web.monitoring.figures import write_figures  # noqa: PLC0415

    return Response(write_figures(services()), content_type=CONTENT_TYPE)
