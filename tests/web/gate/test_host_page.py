from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from settings import Settings
from tests.conftest import Client
from web.gate.host_page import unknown_host

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("header", "entry"),
    [
        ("nas.lan", "nas.lan"),
        ("NAS.lan:8765", "nas.lan"),
        ("nas.lan:9000", "nas.lan:9000"),
        ("192.168.1.5:8765", "192.168.1.5"),
        ("[fd00:0::5]:8765", "[fd00::5]"),
    ],
)
def test_a_browser_is_told_which_variable_to_set_to_what(stranger: Client, header: str, entry: str):
    answer = stranger.open("/notebook", headers={"Host": header, **PAGE})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert f"<pre>PATCHBAY_ALLOWED_HOSTS={entry}</pre>" in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text and "style" not in answer.text


@pytest.mark.parametrize("entry", ["nas.lan", "nas.lan:9000", "[fd00::5]", "192.168.1.5"])
def test_what_the_page_says_to_set_is_what_lets_the_name_in(
    entry: str, make_app: Callable[[Settings], Flask], settings: Settings
):
    client = Client(make_app(replace(settings, allowed_hosts=(entry,))))
    header = entry if entry.endswith(":9000") else f"{entry}:8765"
    assert unknown_host(header, 8765).entry == entry
    assert client.open("/healthz", headers={"Host": header}).status_code == 200


def test_a_program_gets_a_problem_that_names_it_too(stranger: Client):
    for headers in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        answer = stranger.get("/plugins", headers={"Host": "nas.lan:8765", **headers})
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
        assert answer.json["code"] == "malformed"
        assert "nas.lan" in answer.json["detail"] and "PATCHBAY_ALLOWED_HOSTS" in answer.json["detail"]


HOSTILE = [
    "<script>alert(1)</script>",
    'a"onload=x',
    "evil.com/<b>",
    "user@evil.com",
    "a" * 300,
    "a" * 4000,
    "[::1%25lo]",
    "a, b",
    "",
    "caf\xe9.lan",
]


@pytest.mark.parametrize("header", HOSTILE)
def test_what_is_no_name_is_not_repeated(app: Flask, header: str):
    answer = Client(app, token=None).open("/notebook", headers={"Host": header, **PAGE})
    assert answer.status_code == 400
    assert "PATCHBAY_ALLOWED_HOSTS=" not in answer.text
    assert not header or header not in answer.text
    assert len(answer.text) < 2000


def test_a_change_is_answered_with_a_problem_whatever_is_accepted(stranger: Client):
    answer = stranger.open("/signin", "POST", headers={"Host": "nas.lan", **PAGE}, data={"token": "x"})
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_the_names_that_are_set_already_are_not_told(
    make_app: Callable[[Settings], Flask], settings: Settings
):
    stranger = Client(make_app(replace(settings, allowed_hosts=("secret-name.lan",))), token=None)
    answer = stranger.open("/", headers={"Host": "evil.com", **PAGE})
    assert "secret-name" not in answer.text
