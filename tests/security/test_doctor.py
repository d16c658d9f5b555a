"""What asking the doctor costs a server, however often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from flask import Flask

from tests.conftest import Client
from web.routes import doctor
from web.server.dispatcher import CALLING


def test_all_who_ask_at_once_are_answered_by_one_examination(app: Flask, monkeypatch: pytest.MonkeyPatch):
    examine, begun, may_end = doctor.examine_server, [], Event()

    def examine_slowly(services: object) -> object:
        begun.append(services)
        assert may_end.wait(30)
        return examine(services)  # type: ignore[arg-type]

    monkeypatch.setattr(doctor, "examine_server", examine_slowly)
    flights = app.extensions["patchbay_doctor"] = doctor.SingleFlight()
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(lambda: Client(app).get("/doctor").status_code) for _ in range(6)]
        while flights.waiting("server") < 5:
            pass
        may_end.set()
        assert [answer.result() for answer in asked] == [200] * 6
    assert len(begun) == 1
    assert Client(app).get("/doctor").status_code == 200 and len(begun) == 2


def test_it_holds_none_of_the_threads_that_answer_everything_else():
    assert CALLING.match("/api/v1/doctor") and not CALLING.fullmatch("/api/v1/about")
