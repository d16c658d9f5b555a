"""Log lines as text or as JSON. Neither has an exception's text, nor the owner's token or a named one."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

import orjson

from integrations.concurrency.current_request import current_request_id
from web.api.problems import describe_exception
from web.gate.access_tokens import TOKEN_BYTES, TOKEN_PREFIX

LINE = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
MASK = "••••"
# A client may send its token where it does not belong: in a path, or as the id of a request.
NAMED_TOKEN = re.compile(rf"{TOKEN_PREFIX}[A-Za-z0-9_-]{{{TOKEN_BYTES * 4 // 3 + 1}}}")

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TextFormatter(logging.Formatter):
    """One line per record: control characters escaped, exceptions described, the token masked, the request named."""

    def __init__(self, token: Callable[[], str]) -> None:
        super().__init__(LINE, "%Y-%m-%d %H:%M:%S")
        self._token = token

    def format(self, record: logging.LogRecord) -> str:
        # The handler formats a record on the thread that logged it.
        request_id = current_request_id()
        line = super().format(record) + (f" request_id={request_id}" if request_id else "")
        line = NAMED_TOKEN.sub(MASK, line.replace(self._token(), MASK))
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - logging's name
        return describe_exception(ei[1]) if ei[1] else ""


class JsonFormatter(logging.Formatter):
    """One JSON object per record: `time` (RFC 3339, UTC), `level`, `logger`, `message`, and where there are any
    `request_id` and `exception`."""

    def __init__(self, token: Callable[[], str]) -> None:
        super().__init__()
        self._token = token

    def format(self, record: logging.LogRecord) -> str:
        exception = record.exc_info[1] if record.exc_info else None
        members = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": current_request_id(),
            "exception": describe_exception(exception) if exception else None,
        }
        given = {name: self._mask(text) for name, text in members.items() if text is not None}
        return orjson.dumps(given).decode()

    def _mask(self, text: str) -> str:
        # JSON escapes the quotes and backslashes of a token, so the values are masked before they are written. What
        # UTF-8 cannot express would make the line unreadable.
        masked = NAMED_TOKEN.sub(MASK, text.replace(self._token(), MASK))
        return masked.encode("utf-8", "backslashreplace").decode()


FORMATTERS: dict[str, Callable[[Callable[[], str]], logging.Formatter]] = {
    "text": TextFormatter,
    "json": JsonFormatter,
}
