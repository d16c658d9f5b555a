"""Names the span of a request by its route, which is known only after Flask has found it."""

from __future__ import annotations

from flask import Flask, Response, request

from integrations.concurrency.spans import current_span


def init_request_spans(app: Flask) -> None:
    """Gives the span of each request its name, such as `GET /api/v1/plugins/<string:plugin_id>`."""

    @app.after_request
    def name_span(response: Response) -> Response:
        rule = request.url_rule
        if rule is not None:
            step = current_span()
            step.rename(f"{request.method} {rule.rule}")
            step.note("http.route", rule.rule)
        return response
