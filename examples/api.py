"""A client of Patchbay's HTTP API for programs: JSON over urllib, with the token in every request."""

from __future__ import annotations

import base64
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import quote

API_PREFIX = "/api/v1"
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """One answer, including errors."""

    status: int
    headers: Message
    body: bytes
    elapsed_ms: float

    def json(self) -> Any:
        """The body, or None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def describe(self) -> str:
        """Status and the problem's detail, in a line."""
        problem = self.json()
        if not isinstance(problem, dict):
            return f"{self.status} {self.body[:200]!r}"
        told = {name: problem[name] for name in ("code", "detail", "errors") if problem.get(name)}
        return f"{self.status} {json.dumps(told, ensure_ascii=False)}" if told else str(self.status)


class Api:
    """A client of one server that stores the answers, so that they can be searched for secrets."""

    def __init__(self, server_url: str, token: str) -> None:
        self._server_url = server_url.rstrip("/")
        self._token = token
        # Directly to the server, whatever proxy the environment names.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._received: list[tuple[str, bytes]] = []

    def get(self, path: str) -> ApiAnswer:
        return self.call("GET", path)

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> ApiAnswer:
        return self.call("POST", path, body, headers)

    def put(self, path: str, body: Any) -> ApiAnswer:
        return self.call("PUT", path, body)

    def call(
        self, method: str, path: str, body: Any = None, more: Mapping[str, str] | None = None
    ) -> ApiAnswer:
        """The answer to a request under `/api/v1`, sent with `more` headers. Raises OSError without an answer."""
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json", **(more or {})}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(
            self._server_url + API_PREFIX + path,
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
            method=method,
        )
        started = time.perf_counter()
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                status, got, payload = response.status, response.headers, response.read()
        except urllib.error.HTTPError as refused:
            with refused:
                status, got, payload = refused.code, refused.headers, refused.read()
        except http.client.HTTPException as broken:
            raise ConnectionError(
                f"{method} {path}: the server's answer cannot be read: {broken!r}"
            ) from None
        elapsed_ms = (time.perf_counter() - started) * 1000
        self._received.append((f"{method} {path}", str(got).encode() + payload))
        return ApiAnswer(status, got, payload, elapsed_ms)

    def answers_with(self, secret: str) -> list[str]:
        """The requests whose answer contained `secret`: as it is, percent-encoded or in base64."""
        plain = secret.encode()
        spellings = {plain, quote(secret, safe="").encode(), base64.b64encode(plain)}
        return [asked for asked, got in self._received if any(spelling in got for spelling in spellings)]
