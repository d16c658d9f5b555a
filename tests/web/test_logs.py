from __future__ import annotations

import logging

from web.logs import Formatter

TOKEN = "t0ken-of-this-server"


def line_of(message: str, *values: object, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("patchbay", logging.INFO, __file__, 1, message, values, info)
    return Formatter(lambda: TOKEN).format(record)


def test_the_token_is_masked_wherever_it_turns_up():
    assert TOKEN not in line_of("GET /%s 404", TOKEN)


def test_a_path_cannot_forge_a_second_line():
    line = line_of("GET %s 404", "/a\r\n2026-01-01 INFO all is well\x1b[31m\u2028")
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_exceptions_are_told_by_type_and_place_only():
    try:
        raise ValueError("with-a-secret")
    except ValueError as error:
        line = line_of("it failed", error=error)
    assert "with-a-secret" not in line
    assert "ValueError at test_logs.py" in line
