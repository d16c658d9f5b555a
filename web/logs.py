"""Plain lines to stderr that hold no secret: no query string, cookie, token or exception text."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from types import TracebackType

from flask import Flask, Response, g, request

from web.problems import describe_exception

LINE = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
QUIET_LOGGERS = ("_granian", "granian", "apscheduler", "alembic")

log = logging.getLogger("patchbay.access")


class Formatter(logging.Formatter):
    """A line on one line, with control characters shown, exceptions described and the token masked."""

    def __init__(self, token: Callable[[], str]) -> None:
        super().__init__(LINE, "%Y-%m-%d %H:%M:%S")
        self._token = token

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record).replace(self._token(), "••••")
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)

    def formatException(  # noqa: N802 - logging's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return describe_exception(ei[1]) if ei[1] else ""


def init_logging(level: str, token: Callable[[], str]) -> None:
    """Sends what this process logs to stderr, the token in force masked.

    Called by the entry point, not by `create_app`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter(token))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)


def init_access_log(app: Flask) -> None:
    """One line for each request at DEBUG: method, path, status, milliseconds."""

    @app.before_request
    def note_start() -> None:
        g.started_at = time.perf_counter()

    @app.after_request
    def log_access(response: Response) -> Response:
        if log.isEnabledFor(logging.DEBUG):
            elapsed_ms = (time.perf_counter() - g.get("started_at", time.perf_counter())) * 1000
            log.debug("%s %s %d %.1f ms", request.method, request.path, response.status_code, elapsed_ms)
        return response
