"""Requests to the sandbox over a real connection, without following redirects."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from examples.sandbox import Sandbox

GENEROUS_SECONDS = 30


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    sandbox: Sandbox,
    target: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=GENEROUS_SECONDS)
    try:
        connection.request(method, target, body, headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def address_of(sandbox: Sandbox) -> tuple[str, int]:
    parts = urlsplit(sandbox.url)
    return parts.hostname or "", parts.port or 0
