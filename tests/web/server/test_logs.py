from __future__ import annotations

import logging
import secrets

import orjson
import pytest

from integrations.concurrency.current_request import serving
from web.gate.access_tokens import TOKEN_BYTES, TOKEN_PREFIX
from web.server.log_formats import FORMATTERS, MASK
from web.server.logs import LINES_OF_A_KIND, RateLimit

TOKEN = "t0ken-of-this-server"


def line_of(
    message: str,
    *values: object,
    error: BaseException | None = None,
    log_format: str = "text",
    token: str = TOKEN,
) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("patchbay", logging.INFO, __file__, 1, message, values, info)
    record.created = 1_800_000_000.25
    return FORMATTERS[log_format](lambda: token).format(record)


both_formats = pytest.mark.parametrize("log_format", ["text", "json"])


@both_formats
def test_the_token_is_masked_wherever_it_turns_up(log_format: str):
    assert TOKEN not in line_of("GET /%s 404", TOKEN, log_format=log_format)


def test_a_token_that_json_escapes_is_masked_too():
    assert r"to\k" not in line_of("GET /%s", r'to\k"en', log_format="json", token=r'to\k"en')


@both_formats
def test_a_named_token_is_masked_wherever_a_client_puts_it(log_format: str):
    value = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    with serving(value):
        line = line_of("GET /%s?t=%s 404", value, value, log_format=log_format)
    assert value not in line and line.count(MASK) == 3
    assert "pb_short" in line_of("%s", "pb_short", log_format=log_format)


@both_formats
def test_a_path_cannot_forge_a_second_line(log_format: str):
    line = line_of("GET %s 404", "/a\r\n2026-01-01 INFO all is well\x1b[31m", log_format=log_format)
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_a_line_of_text_has_no_separator_of_unicode():
    assert len(line_of("GET %s", "/a\u2028b").splitlines()) == 1


@both_formats
def test_exceptions_are_told_by_type_and_place_only(log_format: str):
    try:
        raise ValueError("with-a-secret")
    except ValueError as error:
        line = line_of("it failed", error=error, log_format=log_format)
    assert "with-a-secret" not in line
    assert "ValueError at test_logs.py" in line


def test_a_line_of_json_has_its_members():
    with serving("r1"):
        assert orjson.loads(line_of("%d of %s", 2, "3", log_format="json")) == {
            "time": "2027-01-15T08:00:00.250+00:00", "level": "INFO", "logger": "patchbay",
            "message": "2 of 3", "request_id": "r1",
        }  # fmt: skip
    assert "request_id" not in orjson.loads(line_of("alone", log_format="json"))


def test_a_line_of_json_can_be_read_whatever_it_quotes():
    assert orjson.loads(line_of("GET %s", "/\udcff", log_format="json"))["message"] == "GET /\\udcff"


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
