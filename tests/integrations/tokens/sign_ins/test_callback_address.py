from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from errors import SettingsIncomplete
from integrations.tokens.callback_address import BrowserRequest, callback_address
from settings import Settings
from tests.conftest import Client
from tests.integrations.tokens.sign_ins.conftest import declare_sign_in

OWN = "http://127.0.0.1:8765"
PROXIED = "http://patchbay.lan"
PUBLIC = "https://patchbay.lan"


@pytest.mark.parametrize(
    ("public_url", "approach", "origin"),
    [
        (None, BrowserRequest(OWN), OWN),
        (None, BrowserRequest(OWN, origin=OWN, fetch_site="same-origin"), OWN),
        # A frontend of its own: the browser comes back to us, not to it.
        (None, BrowserRequest(OWN, origin="https://dash.example", fetch_site="cross-site"), OWN),
        (None, BrowserRequest(OWN, origin="http://localhost:5173", fetch_site="cross-site"), OWN),
        (None, BrowserRequest(OWN, origin="null"), OWN),
        (None, BrowserRequest(OWN, referer="https://evil.example/a?b=c"), OWN),
        # A proxy that passes the Host on: the page says that it is https.
        (None, BrowserRequest(PROXIED, origin=PUBLIC, fetch_site="same-origin"), PUBLIC),
        (None, BrowserRequest(PROXIED, referer=f"{PUBLIC}/notebook", fetch_site="same-origin"), PUBLIC),
        (None, BrowserRequest(PROXIED, origin=PUBLIC, forwarded_proto="https"), PUBLIC),
        (PUBLIC, BrowserRequest(OWN), PUBLIC),
        (PUBLIC, BrowserRequest(OWN, origin=PUBLIC, fetch_site="same-origin"), PUBLIC),
        (PUBLIC, BrowserRequest(OWN, origin="https://dash.example", forwarded_proto="https"), PUBLIC),
        (None, BrowserRequest(OWN, prefix="/hub"), f"{OWN}/hub"),
        (None, BrowserRequest(PROXIED, "/hub", origin=PUBLIC, fetch_site="same-origin"), f"{PUBLIC}/hub"),
        (f"{PUBLIC}/hub", BrowserRequest(OWN, prefix="/hub"), f"{PUBLIC}/hub"),
        ("https://patchbay.lan:8443", BrowserRequest(OWN), "https://patchbay.lan:8443"),
    ],
)
def test_the_provider_sends_the_browser_back_to_where_the_page_is(
    public_url: str | None, approach: BrowserRequest, origin: str
):
    assert callback_address(public_url, approach) == f"{origin}/oauth/callback"


@pytest.mark.parametrize(
    ("approach", "named"),
    [
        (BrowserRequest(OWN, origin=PUBLIC, fetch_site="same-origin"), PUBLIC),
        (BrowserRequest(OWN, referer=f"{PUBLIC}/notebook?a=b", fetch_site="same-origin"), PUBLIC),
        (BrowserRequest(PROXIED, forwarded_proto="https"), PUBLIC),
        (BrowserRequest(PROXIED, forwarded_proto=" HTTPS"), PUBLIC),
        (BrowserRequest(OWN, origin=f"{PUBLIC}:8443", fetch_site="same-origin"), f"{PUBLIC}:8443"),
    ],
)
def test_an_http_address_for_an_https_page_is_refused_with_what_to_set(approach: BrowserRequest, named: str):
    with pytest.raises(SettingsIncomplete) as refused:
        callback_address(None, approach)
    assert (
        f"set PATCHBAY_PUBLIC_URL to the address that people open, such as {named}," in refused.value.detail
    )


@pytest.mark.parametrize(
    "header",
    [
        "https://user@patchbay.lan",
        "https://",
        "https:evil",
        "https://pätchbay.lan",
        "https://a\r\nb",
        "x" * 9000,
    ],
)
def test_what_is_no_origin_is_not_taken_for_one(header: str):
    assert callback_address(None, BrowserRequest(OWN, origin=header)) == f"{OWN}/oauth/callback"


def test_it_is_told_before_anybody_is_sent_to_the_provider(client: Client, home: str):
    declare_sign_in(client, home)
    headers = {"X-Forwarded-Proto": "https"}
    told = client.get("/integrations/svc/oauth2", headers=headers).json
    assert told["redirect_uri"] is None
    assert "PATCHBAY_PUBLIC_URL" in told["obstacle"]
    refused = client.post("/integrations/svc/oauth2/connect", headers=headers)
    assert (refused.status_code, refused.json["code"]) == (409, "settings_incomplete")
    assert refused.json["detail"] == told["obstacle"]


def test_the_public_address_is_where_the_browser_comes_back_to(
    settings: Settings, make_app: Callable[[Settings], Flask], home: str
):
    client = Client(make_app(replace(settings, public_url=PUBLIC)))
    declare_sign_in(client, home)
    for headers in ({}, {"Host": "patchbay.lan", "Origin": PUBLIC}, {"X-Forwarded-Proto": "https"}):
        answer = client.post("/integrations/svc/oauth2/connect", headers=headers)
        assert answer.json["redirect_uri"] == f"{PUBLIC}/oauth/callback"
        told = client.get("/integrations/svc/oauth2", headers=headers).json
        assert (told["redirect_uri"], told["obstacle"]) == (f"{PUBLIC}/oauth/callback", None)
