"""A browser that signed in, as bare requests: what it sends is up to the test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests

from tests.conftest import API, RunningServer


@dataclass
class SignedIn:
    """Calls with a session's cookie, and with whatever else a browser would send."""

    origin: str
    cookie: str
    set_cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, origin: str, token: str, **headers: str) -> SignedIn:
        answer = requests.get(
            f"{origin}/signin", params={"token": token}, headers=headers, allow_redirects=False, timeout=20
        )
        assert answer.status_code == 303, answer.text
        given = answer.headers["Set-Cookie"]
        return cls(origin, given.partition(";")[0], given)

    def open(self, method: str, path: str, headers: Any = None, **options: Any) -> requests.Response:
        sent = {"Cookie": self.cookie, **self.headers, **(headers or {})}
        options.setdefault("timeout", 20)
        return requests.request(method, self.origin + path, headers=sent, allow_redirects=False, **options)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.open(method, API + path, named, json=body)


def sign_in(server: RunningServer, **headers: str) -> SignedIn:
    return SignedIn.at(server.url, server.token, **headers)
