"""A plugin that gets its tokens from a provider on loopback, which can be slow or fail."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug import Response

from plugin_store.models import PluginSecret
from tests.conftest import Client
from tests.integrations.tokens.conftest import (
    Asker,
    TokenServer,
    declare_client,
    json_answer,
)

FIRST = {"access_token": "T1-0123456789"}
SECOND = {"access_token": "T2-0123456789"}


@pytest.fixture
def svc(client: Client, home: str, token_server: TokenServer) -> TokenServer:
    """`svc` declared and set, and its provider."""
    declare_client(client, home)
    return token_server


def slow(token_server: TokenServer) -> threading.Event:
    """From now on the provider answers when the event is set."""
    go, quick = threading.Event(), token_server.answer

    def answer(number: int) -> Response:
        assert go.wait(20)
        return quick(number)

    token_server.answer = answer
    return go


def keys_of(asker: Asker) -> list[str]:
    """The keys under which the vault holds anything."""
    with asker.services.database.reading() as session:
        return list(session.scalars(select(PluginSecret.key).order_by(PluginSecret.key)))


def failing(token_server: TokenServer, *args: Any, **options: Any) -> None:
    token_server.answer = lambda _number: json_answer(*args, **options)
