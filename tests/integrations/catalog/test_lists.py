from __future__ import annotations

from flask import Flask

from integrations.catalog.catalog import MAX_KEPT_LISTS
from plugin_store.workspaces import Scope
from tests.conftest import Client

WEATHER = {
    "id": "weather", "name": "Weather", "version": "1.0.0", "type": "integration",
    "manifest": {
        "integration": {"base_url": "https://weather.example"},
        "endpoints": [{"id": "now", "path": "/now"}],
        "blocks": [{"id": "now", "endpoint": "now"}],
    },
}  # fmt: skip


def test_lists_of_few_scopes_are_kept_and_none_after_a_change(app: Flask, client: Client):
    assert client.post("/plugins/register", WEATHER).status_code == 201
    held = app.extensions["patchbay"]
    scopes = [
        Scope(1, client.post("/workspaces/1/notebooks", {"name": f"N{n}"}).json["id"]) for n in range(9)
    ]
    first = held.catalog.list(scopes[0])
    assert held.catalog.list(scopes[0])[0] is first[0]
    for scope in scopes:
        assert [one.plugin_id for one in held.catalog.list(scope)] == ["weather"]
    assert len(held.database.memo.get(("lists",), dict)) <= MAX_KEPT_LISTS
    assert held.catalog.list(scopes[0])[0] is not first[0]
    client.put("/integrations/weather/enable", {"enabled": False})
    assert [one.enabled for one in held.catalog.list(scopes[-1])] == [False]
