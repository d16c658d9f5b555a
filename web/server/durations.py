"""How long Flask took to answer, for monitoring. Hits in memory do not get this far."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from integrations.usage.instruments import LabelledHistogram

EXTENSION = "patchbay_durations"
BOUNDS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# A client may invent methods, and each would be a time series of its own.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def init_durations(app: Flask) -> None:
    """Counts each response by method and class of status, such as `2xx`, with the time until its first byte."""
    durations = app.extensions[EXTENSION] = LabelledHistogram(BOUNDS_SECONDS)

    @app.before_request
    def note_start() -> None:
        g.started_at = time.perf_counter()

    @app.after_request
    def count_response(response: Response) -> Response:
        method = request.method if request.method in METHODS else "other"
        labels = (method, f"{response.status_code // 100}xx")
        durations.add(labels, elapsed_seconds())
        return response


def elapsed_seconds() -> float:
    """The time since Flask began with this request."""
    now = time.perf_counter()
    return now - g.get("started_at", now)
