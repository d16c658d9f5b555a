"""A plugin whose accounts are connected at a provider on loopback, and the browser's way there and back."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.conftest import Client
from tests.integrations.tokens.conftest import (
    CLIENT_SECRET,
    TokenServer,
    declare,
    json_answer,
)

PROPERTIES = [
    {"name": "client_id", "required": True},
    {"name": "client_secret", "secure": True, "required": True},
    {"name": "server", "default": "https://login.example.test"},
]


def declare_sign_in(client: Client, home: str, *, is_set: bool = True, **oauth2: Any) -> None:
    section = {
        "base_url": home,
        "auth_method": "oauth2_authorization_code",
        "oauth2": {
            "token_url": f"{home}/token",
            "authorization_url": "{server}/authorize",
            "scopes": ["read", "write"],
            "authorization_params": {"access_type": "offline"},
            **oauth2,
        },
    }
    config = {"client_id": "me", "client_secret": CLIENT_SECRET} if is_set else {}
    declare(client, section, PROPERTIES, **config)


class RotatingServer:
    """Gives an access token with each code and refresh token, and takes every refresh token once."""

    def __init__(self, token_server: TokenServer, life_seconds: int = 3600) -> None:
        self.token_server = token_server
        self.life_seconds = life_seconds
        self.good = {"CODE-0123456789"}
        token_server.answer = self._answer

    def _answer(self, number: int) -> Any:
        form = self.token_server.forms[number - 1]
        given = form.get("code") or form.get("refresh_token")
        if given not in self.good:
            return json_answer({"error": "invalid_grant", "error_description": "TOLD"}, 400)
        self.good = {f"R{number}-0123456789"}
        return json_answer(
            {
                "access_token": f"T{number}-0123456789",
                "refresh_token": f"R{number}-0123456789",
                "expires_in": self.life_seconds,
                "scope": "read",
            }
        )


@pytest.fixture
def provider(client: Client, home: str, token_server: TokenServer) -> RotatingServer:
    declare_sign_in(client, home)
    return RotatingServer(token_server)


def begin(client: Client) -> dict[str, str]:
    """What the browser is sent to the provider with."""
    answer = client.post("/integrations/svc/oauth2/connect")
    assert answer.status_code == 200, answer.json
    return dict(parse_qsl(urlsplit(answer.json["authorization_url"]).query))


def come_back(stranger: Client, **query: str) -> TestResponse:
    """The browser's way back: from another site, so without any cookie."""
    return stranger.open("/oauth/callback", query_string=query, headers={"Sec-Fetch-Site": "cross-site"})


def sign_in(client: Client, stranger: Client, code: str = "CODE-0123456789") -> None:
    answer = come_back(stranger, state=begin(client)["state"], code=code)
    assert answer.status_code == 200, answer.text
