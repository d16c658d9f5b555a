"""The Flask application before anything of ours is served by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from settings import ROOT, Settings
from web.api.event_log import init_event_log
from web.api.json import OrjsonProvider
from web.api.problems import init_problems
from web.server.logs import init_access_log


class Application(Flask):
    """Flask without coroutines: none of our views is one, and asking each time costs a request ninety calls."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def make_application(settings: Settings) -> Application:
    """An application that reads and writes JSON our way, answers with problems, and logs."""
    app = Application("app", root_path=str(ROOT), instance_path=str(settings.instance))
    app.json = OrjsonProvider(app)
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body_size_bytes, NOTEBOOK_SANDBOX=settings.sandbox)
    init_problems(app)
    init_access_log(app)
    init_event_log(app)
    return app
