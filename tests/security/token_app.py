"""One app with what tokens are about: two workspaces with notebooks, integrations, and tokens of every scope."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import Client, open_apps, settings_for
from web.gate.access_rules import ACCESS_RULES, AccessRule

MANIFEST: dict[str, Any] = {
    "properties": [{"name": "api_key", "secure": True}, {"name": "units", "default": "metric"}],
    "integration": {"base_url": "http://127.0.0.1:9", "auth_method": "none"},
    "endpoints": [{"id": "get", "path": "/get"}],
    "blocks": [{"id": "item", "endpoint": "get", "cache_ttl": 600}],
}
BODIES: dict[str, Any] = {
    "enable": {"enabled": True},
    "config": {"config": {}},
    "secrets": {"value": "a-secret-of-some-length"},
    "test": {},
    "explain": {"block_type": "item", "parameters": {}},
    "review": {"accept": False},
    "render": {"block_type": "item", "parameters": {}},
    "execute": {"endpoint_id": "get", "parameters": {}},
    "actions": {"parameters": {}},
    "plugins": {"config": {}},
    "notebooks": {"name": "Changed"},
    "workspaces": {"name": "Changed"},
}


def declaration(plugin_id: str, version: str = "1.0.0", **changed: Any) -> dict[str, Any]:
    return {
        "id": plugin_id,
        "name": plugin_id.title(),
        "version": version,
        "type": "integration",
        "manifest": MANIFEST | changed,
    }


class TokenApp:
    """The app, its owner, and a client for each token that a test asks for."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.owner = Client(app)
        for plugin_id in ("mine", "other"):
            assert self.owner.post("/plugins/register", declaration(plugin_id)).status_code == 201
        self.elsewhere: int = self.owner.post("/workspaces", {"name": "Elsewhere"}).json["id"]
        self.notebook: int = self.owner.get("/workspaces/1/notebooks").json[0]["id"]
        self.notebook_elsewhere: int = self.owner.post(
            f"/workspaces/{self.elsewhere}/notebooks", {"name": "N"}
        ).json["id"]

    def issue(self, *scopes: str, **terms: Any) -> Any:
        body = {"name": "A frontend", "scopes": list(scopes), **terms}
        answer = self.owner.post("/tokens", body)
        assert answer.status_code == 201, answer.json
        return answer.json

    def client(self, *scopes: str, **terms: Any) -> Client:
        return Client(self.app, self.issue(*scopes, **terms)["token"])


@contextmanager
def token_app(folder: Path) -> Iterator[TokenApp]:
    with open_apps() as make:
        yield TokenApp(make(settings_for(folder)))


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """Every method and rule of the app but those that need no token."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule.rule


def path_of(rule: str, plugin_id: str, workspace_id: int, notebook_id: int, number: int = 99_999) -> str:
    ids = {"plugin_id": plugin_id, "workspace_id": workspace_id, "notebook_id": notebook_id, "key": "api_key"}
    return re.sub(
        r"<(?:(\w+):)?(\w+)>",
        lambda found: str(ids.get(found[2], number if found[1] == "int64" else "item")),
        rule,
    )


def rules_of(app: Flask) -> dict[tuple[str, str], AccessRule]:
    return {route: ACCESS_RULES[route] for route in routes(app) if route in ACCESS_RULES}


def ask(client: Client, method: str, path: str, **options: Any) -> TestResponse:
    """The answer to a request with a body that the route takes, as far as it takes one."""
    body = None
    if method not in {"GET", "DELETE"}:
        words = path.partition("?")[0].split("/")
        body = next((BODIES[word] for word in reversed(words) if word in BODIES), {})
    if body is not None:
        options.setdefault("json", body)
    return client.open(path, method, **options)
