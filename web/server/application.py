"""The bare Flask application, before any of our routes is registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from settings import ROOT, Settings
from web.api.event_log import init_event_log
from web.api.json import OrjsonProvider
from web.api.problems import init_problems
from web.server.durations import init_durations
from web.server.logs import init_access_log
from web.server.request_ids import RequestIds
from web.server.request_spans import init_request_spans
from web.server.url_rules import UrlRule


class Application(Flask):
    """Flask without coroutines. No view is one, and checking costs each request ninety function calls."""

    url_rule_class = UrlRule

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def make_application(settings: Settings) -> Application:
    """An application with our JSON, problem details, logs and request ids."""
    app = Application("app", root_path=str(ROOT), instance_path=str(settings.instance))
    app.json = OrjsonProvider(app)
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body_size_bytes, NOTEBOOK_SANDBOX=settings.sandbox)
    init_problems(app)
    init_durations(app)
    init_access_log(app)
    init_event_log(app)
    init_request_spans(app)
    app.wsgi_app = RequestIds(app.wsgi_app)
    return app
