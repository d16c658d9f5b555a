"""Hosts and ports that cannot be read are refused by field wherever a URL is given, and never a 500."""

from __future__ import annotations

import pytest

from tests.raw_upstreams import RawUpstream, redirecting
from tests.security.ground import Ground

UNREADABLE = [
    "рф:x",
    "рф:",
    "рф:0",
    "рф:99999",
    "рф:８０",
    "рф..a:80",
    "é:80:80",
    "xn--:80",
    "\u202ea.com",
    "℀.com",
    "[1:2]",
    "[:::]:80",
    "[]",
    "[1.2.3.4]",
    "[fe80::1%eth0]:80",
    "[::1%25lo]",
    "[v1.x]",
    "[１::1]",
    "[::1]x",
    "a..b",
    "user@рф:80",
    "127.0.0.1%00.a",
]
FETCH = {"id": "fetch", "parameters": [{"name": "link", "in": "url", "required": True}]}


@pytest.mark.parametrize("host", UNREADABLE)
def test_a_host_that_cannot_be_read_is_refused_where_it_is_given(ground: Ground, host: str) -> None:
    url = f"http://{host}/"
    fetcher, named = ground.service([]), ground.service([{"name": "server"}])
    fetcher.declare(auth=None, endpoints=[FETCH])
    named.declare(base_url="{server}", auth=None)
    path = f"/integrations/{fetcher.id}"
    inputs = {"link": url}
    answers = [
        fetcher.execute("fetch", inputs),
        fetcher.render("fetch", inputs),
        ground.call("POST", f"{path}/explain", {"block_type": "fetch", "parameters": inputs}),
        named.test({"server": url}),
        ground.service([]).declare(base_url=url, auth=None, status=(422,)),
    ]

    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    assert answers[0].status_code in (403, 422)
    assert answers[3].status_code == 409


@pytest.mark.parametrize("url", ["http://рф:80/", "http://рф.:8080/a", "https://bücher.example:80/"])
def test_a_name_in_another_script_is_explained_with_its_port(ground: Ground, url: str) -> None:
    fetcher = ground.service([])
    fetcher.declare(auth=None, endpoints=[FETCH])
    body = {"block_type": "fetch", "parameters": {"link": url}}
    answer = ground.call("POST", f"/integrations/{fetcher.id}/explain", body)

    assert answer.status_code == 200
    assert "xn--" in answer.text


@pytest.mark.parametrize("host", UNREADABLE)
def test_a_redirect_to_a_host_that_cannot_be_read_is_a_failure(ground: Ground, host: str) -> None:
    with RawUpstream(redirecting(f"http://{host}/".encode().decode("latin-1"))) as provider:
        fetcher = ground.service([])
        fetcher.declare(auth=None, endpoints=[FETCH])
        answer = fetcher.execute("fetch", {"link": provider.url()})

    assert answer.status_code in (403, 502)
