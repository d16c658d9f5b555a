"""The log on stderr, without secrets: no query string, cookie, token or exception text."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask, Response, request

from web.server.durations import elapsed_seconds
from web.server.log_formats import FORMATTERS

QUIET_LOGGERS = ("_granian", "granian", "apscheduler", "alembic")

LIMIT_SECONDS = 60.0
LINES_OF_A_KIND = 20

log = logging.getLogger("patchbay.access")


class RateLimit(logging.Filter):
    """Limits log records: each line once a minute, and a maximum per kind of line. Dropped lines are counted.

    A kind is the message template of one place in the code; a line is a kind with its values. DEBUG is not limited, nor
    is ERROR, because responses refer to its lines.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._minutes: dict[tuple[str, str], _Minute] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not logging.INFO <= record.levelno < logging.ERROR:
            return True
        with self._lock:
            return self._take(record)

    def _take(self, record: logging.LogRecord) -> bool:
        kind, now = (record.name, str(record.msg)), self._clock()
        minute = self._minutes.get(kind)
        left_out = 0
        if minute is None or now - minute.began_at >= LIMIT_SECONDS:
            left_out = minute.left_out if minute else 0
            minute = self._minutes[kind] = _Minute(now)
        line = record.getMessage()
        if line in minute.lines or len(minute.lines) >= LINES_OF_A_KIND:
            minute.left_out += 1
            return False
        minute.lines.add(line)
        if left_out:
            record.msg, record.args = f"{line} ({left_out} like it were left out before)", ()
        return True


@dataclass(slots=True)
class _Minute:
    began_at: float
    lines: set[str] = field(default_factory=set)
    left_out: int = 0


def init_logging(level: str, log_format: str, token: Callable[[], str]) -> None:
    """Sends this process's log to stderr as `text` or `json`, with the current token masked.

    Called by the entry point, not by `create_app`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATTERS[log_format](token))
    handler.addFilter(RateLimit())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)


def init_access_log(app: Flask) -> None:
    """One line per request at DEBUG: method, path, status, milliseconds."""

    @app.after_request
    def log_access(response: Response) -> Response:
        if log.isEnabledFor(logging.DEBUG):
            milliseconds = elapsed_seconds() * 1000
            log.debug("%s %s %d %.1f ms", request.method, request.path, response.status_code, milliseconds)
        return response
