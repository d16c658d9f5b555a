"""A token server that does not decode the client's id and secret gets them unencoded, and that is remembered."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug import Response

from errors import SettingsIncomplete, UpstreamFailed
from settings import Settings
from tests.conftest import Client
from tests.integrations.tokens.conftest import (
    CLIENT_PROPERTIES,
    CLIENT_SECRET,
    Asker,
    TokenServer,
    declare,
    declare_client,
    json_answer,
)
from tests.integrations.tokens.sign_ins.conftest import begin, come_back, declare_sign_in

FORM = "me:c1ient-s3cret%2Fwith%2Bsigns"
RAW = f"me:{CLIENT_SECRET}"
REFUSALS: dict[str, Callable[[], Response]] = {
    "invalid_client 401": lambda: json_answer({"error": "invalid_client"}, 401),
    "invalid_client 400": lambda: json_answer({"error": "invalid_client"}, 400),
    "unauthorized_client 401": lambda: json_answer({"error": "unauthorized_client"}, 401),
    "an error of its own": lambda: json_answer({"error": 401, "message": "Unauthorized"}, 401),
    "no body": lambda: Response("", 401),
}


def clients_of(token_server: TokenServer) -> list[str]:
    """Id and secret of each request, as Basic carried them."""
    sent = [request.headers["Authorization"].removeprefix("Basic ") for request in token_server.asked]
    return [base64.b64decode(text).decode() for text in sent]


class PickyServer:
    """Accepts the client in one encoding only."""

    def __init__(self, token_server: TokenServer, accepted: str, refusal: Callable[[], Response]) -> None:
        self.accepted, self.refusal = accepted, refusal
        self.life_seconds = 3600
        self._token_server = token_server
        token_server.answer = self._answer

    def _answer(self, number: int) -> Response:
        if clients_of(self._token_server)[number - 1] != self.accepted:
            return self.refusal()
        return json_answer(
            {
                "access_token": f"T{number}-0123456789",
                "refresh_token": f"R{number}-0123456789",
                "expires_in": self.life_seconds,
            }
        )


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refused_client_is_sent_unencoded_once(
    client: Client, home: str, token_server: TokenServer, asker: Asker, refusal: Callable[[], Response]
):
    declare_client(client, home)
    PickyServer(token_server, RAW, refusal)
    assert asker.get() == {"access_token": "T2-0123456789"}
    assert clients_of(token_server) == [FORM, RAW]


def test_what_was_accepted_is_remembered_with_the_token(
    client: Client,
    home: str,
    token_server: TokenServer,
    asker: Asker,
    clock: Any,
    settings: Settings,
    make_app: Callable[[Settings], Flask],
):
    declare_client(client, home)
    PickyServer(token_server, RAW, REFUSALS["invalid_client 401"])
    asker.get()
    clock.shift(3700)
    # Another process knows it from the vault alone.
    assert Asker(make_app(settings)).get() == {"access_token": "T3-0123456789"}
    assert clients_of(token_server) == [FORM, RAW, RAW]


def test_a_server_that_changes_its_mind_is_followed(
    client: Client, home: str, token_server: TokenServer, asker: Asker, clock: Any
):
    declare_client(client, home)
    server = PickyServer(token_server, RAW, REFUSALS["invalid_client 401"])
    asker.get()
    server.accepted = FORM
    clock.shift(3700)
    asker.get()
    clock.shift(3700)
    asker.get()
    assert clients_of(token_server) == [FORM, RAW, RAW, FORM, FORM]


def test_a_wrong_secret_is_told_after_both(
    client: Client, home: str, token_server: TokenServer, asker: Asker
):
    declare_client(client, home)
    PickyServer(token_server, "me:other", REFUSALS["invalid_client 401"])
    with pytest.raises(UpstreamFailed, match="client id or secret"):
        asker.get()
    assert clients_of(token_server) == [FORM, RAW]


@pytest.mark.parametrize(
    ("config", "oauth2", "sent"),
    [
        ({"client_secret": "plain-s3cret"}, {}, ["me:plain-s3cret"]),
        ({"client_id": "a:b"}, {}, ["a%3Ab:c1ient-s3cret%2Fwith%2Bsigns"]),
        ({}, {"client_secret_encoding": "form"}, [FORM]),
        ({}, {"client_secret_encoding": "raw"}, [RAW]),
    ],
    ids=["nothing to encode", "an id with a colon", "declared form", "declared raw"],
)
def test_nothing_else_is_tried_where_nothing_differs_or_the_manifest_says_it(
    client: Client,
    home: str,
    token_server: TokenServer,
    asker: Asker,
    config: dict[str, str],
    oauth2: dict[str, str],
    sent: list[str],
):
    declare_client(client, home, is_set=False, **oauth2)
    config = {"client_id": "me", "client_secret": CLIENT_SECRET, **config}
    client.put("/integrations/svc/config", {"config": config})
    token_server.answer = lambda _number: REFUSALS["invalid_client 401"]()
    with pytest.raises(UpstreamFailed):
        asker.get()
    assert clients_of(token_server) == sent


@pytest.mark.parametrize(
    "answer",
    [json_answer({"error": "invalid_scope"}, 400), json_answer({"error": "invalid_grant"}, 401), Response("", 403)],
    ids=["scope", "grant", "forbidden"],
)  # fmt: skip
def test_another_refusal_is_no_reason(
    client: Client, home: str, token_server: TokenServer, asker: Asker, answer: Response
):
    declare_client(client, home)
    token_server.answer = lambda _number: answer
    with pytest.raises(UpstreamFailed):
        asker.get()
    assert clients_of(token_server) == [FORM]


def test_an_id_that_cannot_be_sent_raw_is_refused_by_field(
    client: Client, home: str, token_server: TokenServer, asker: Asker
):
    section = {"token_url": f"{home}/token", "client_secret_encoding": "raw"}
    declare(
        client,
        {"base_url": home, "auth_method": "oauth2_client_credentials", "oauth2": section},
        CLIENT_PROPERTIES,
        client_id="a:b",
        client_secret=CLIENT_SECRET,
    )
    with pytest.raises(SettingsIncomplete) as wrong:
        asker.get()
    assert list(wrong.value.errors or {}) == ["config.client_id"]
    assert token_server.count == 0


class TestSignIns:
    def test_a_code_and_the_refreshes_after_it(
        self,
        client: Client,
        stranger: Client,
        home: str,
        token_server: TokenServer,
        asker: Asker,
        clock: Any,
    ):
        declare_sign_in(client, home)
        PickyServer(token_server, RAW, REFUSALS["invalid_client 400"])
        assert come_back(stranger, state=begin(client)["state"], code="CODE-0123456789").status_code == 200
        clock.shift(3700)
        assert asker.get() == {"access_token": "T3-0123456789"}
        assert clients_of(token_server) == [FORM, RAW, RAW]
        assert [form["grant_type"] for form in token_server.forms] == [
            "authorization_code",
            "authorization_code",
            "refresh_token",
        ]

    def test_a_code_that_was_spent_by_the_first_request_is_not_spent_the_next_time(
        self, client: Client, stranger: Client, home: str, token_server: TokenServer
    ):
        """A server may take the code although it refuses the client."""
        declare_sign_in(client, home)
        spent: set[str] = set()

        def answer(number: int) -> Response:
            code = token_server.forms[number - 1]["code"]
            is_spent = code in spent
            spent.add(code)
            if clients_of(token_server)[number - 1] != RAW:
                return json_answer({"error": "invalid_client"}, 401)
            if is_spent:
                return json_answer({"error": "invalid_grant"}, 400)
            return json_answer({"access_token": "T-0123456789"})

        token_server.answer = answer
        assert come_back(stranger, state=begin(client)["state"], code="C1-0123456789").status_code == 502
        assert come_back(stranger, state=begin(client)["state"], code="C2-0123456789").status_code == 200
        assert clients_of(token_server) == [FORM, RAW, RAW]
