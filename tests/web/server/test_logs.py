from __future__ import annotations

import logging

import pytest

from web.server.logs import LINES_OF_A_KIND, Formatter, RateLimit

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


class Told:
    """What passes the limit, under a clock of the test's own."""

    def __init__(self) -> None:
        self.now, self.lines = 0.0, []
        self._limit = RateLimit(lambda: self.now)

    def say(self, message: str, *values: object, level: int = logging.INFO, name: str = "patchbay") -> None:
        record = logging.LogRecord(name, level, __file__, 1, message, values, None)
        if self._limit.filter(record):
            self.lines.append(record.getMessage())


def test_the_same_line_comes_once_a_minute_with_how_many_were_left_out():
    told = Told()
    for told.now in (0, 1, 59, 60, 61):
        told.say("%s failed at 100%%", "svc")
    assert told.lines == ["svc failed at 100%", "svc failed at 100% (2 like it were left out before)"]


def test_one_kind_of_line_cannot_flood_the_log_nor_crowd_out_another():
    told = Told()
    for number in range(10_000):
        told.say("refused %s", number)
    told.say("the breaker of %s is open", "svc")
    told.say("refused %s", 1, name="another")
    assert len(told.lines) == LINES_OF_A_KIND + 2
    told.now = 60
    told.say("refused %s", "x")
    assert told.lines[-1] == f"refused x ({10_000 - LINES_OF_A_KIND} like it were left out before)"


@pytest.mark.parametrize("level", [logging.DEBUG, logging.ERROR])
def test_what_is_asked_for_and_what_answers_refer_to_is_never_left_out(level: int):
    told = Told()
    for number in range(100):
        told.say("incident %s", number, level=level)
    assert len(told.lines) == 100
