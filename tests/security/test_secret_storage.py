"""Secrets at rest: moved, restored elsewhere or without their key they are unreadable, and the rest works."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from app import close_app, create_app
from tests.conftest import TOKEN, Client
from tests.security.ground import API_KEY, Ground, Service, forms_of
from tests.security.locks import in_header


def entered(ground: Ground) -> Service:
    """A service with a secret that was used, and an answer that was kept."""
    service = ground.service([API_KEY, {"name": "units", "default": "metric"}])
    service.declare()
    service.enter()
    assert service.render().status_code == 200
    return service


class TestMovedCiphertexts:
    """What was sealed for one row opens in no other, and nothing is sent in its place."""

    def move(self, ground: Ground, source: str, target: str, *arguments: Any) -> None:
        statement = (
            "UPDATE plugin_secrets SET (ciphertext, bound_to) ="
            f" (SELECT ciphertext, bound_to FROM plugin_secrets WHERE {source}) WHERE {target}"
        )
        with ground.server.app.extensions["patchbay"].database.raw_write() as connection:
            values = dict(zip(("first", "second"), arguments, strict=False))
            assert connection.execute(statement, values).rowcount == 1

    def assert_unreadable(self, service: Service, key: str = "api_key") -> None:
        ground = service.ground
        sent_before = len(ground.provider.requests)
        assert service.status_of(key) == "unreadable"
        answers = service.ask_in_every_way()
        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
            (409, "secret_unreadable")
        ] * 3
        assert len(ground.provider.requests) == sent_before

    def test_to_another_plugin(self, ground: Ground) -> None:
        first, second, third = entered(ground), entered(ground), entered(ground)
        self.move(ground, "plugin_id = :first", "plugin_id = :second", first.id, second.id)
        self.assert_unreadable(second)
        for other in (first, third):
            assert [answer.status_code for answer in other.ask_in_every_way()] == [200] * 3
        second.enter()
        assert second.execute().status_code == 200
        ground.assert_nobody_else_was_called()

    def test_to_another_key(self, ground: Ground) -> None:
        service = ground.service([API_KEY, {"name": "public", "secure": True}])
        service.declare(query={"shown": "{public}"})
        service.enter()
        service.enter("public", "harmless-0123456789")
        self.move(
            ground,
            "plugin_id = :first AND key = 'api_key'",
            "plugin_id = :first AND key = 'public'",
            service.id,
        )
        self.assert_unreadable(service, "public")
        assert b"shown=" not in ground.sent()
        ground.assert_nobody_else_was_called()

    def test_to_another_workspace(self, ground: Ground) -> None:
        service = entered(ground)
        other = ground.call("POST", "/workspaces", {"name": "Other"}).json()["id"]
        scope = f"?workspace_id={other}"
        service.configure(scope=scope, api_key="secret-of-the-other-0123")
        assert service.execute(scope=scope).status_code == 200
        self.move(
            ground,
            "plugin_id = :first AND workspace_id = 1",
            "plugin_id = :first AND workspace_id = :second",
            service.id,
            other,
        )
        assert service.status_of(scope=scope) == "unreadable"
        assert [answer.status_code for answer in service.ask_in_every_way(scope)] == [409] * 3
        assert service.execute().status_code == 200
        ground.assert_nobody_else_was_called()

    def test_with_other_destinations_written_beside_it(self, ground: Ground) -> None:
        service = entered(ground)
        service.declare(base_url=ground.stranger_url)
        with ground.server.app.extensions["patchbay"].database.raw_write() as connection:
            connection.execute(
                "UPDATE plugin_secrets SET bound_to = ? WHERE plugin_id = ?",
                (orjson.dumps([in_header(ground.stranger_url)]).decode(), service.id),
            )
        self.assert_unreadable(service)
        ground.assert_nobody_else_was_called()


@pytest.mark.sqlite
class TestBackup:
    def copy(self, ground: Ground, target: Path) -> Path:
        """A backup as SQLite makes it of a database in use."""
        with (
            closing(sqlite3.connect(ground.instance / "patchbay.db")) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
        return target

    def test_it_holds_no_key_and_no_secret(self, ground: Ground, tmp_path: Path) -> None:
        entered(ground)
        content = self.copy(ground, tmp_path / "backup.db").read_bytes()
        keys = (ground.instance / "secret.key").read_bytes().split()
        assert keys
        assert not [form for form in (*forms_of(ground.secret), *keys, TOKEN.encode()) if form in content]

    def test_restored_elsewhere_it_says_what_is_unreadable_and_the_rest_works(
        self, ground: Ground, tmp_path: Path
    ) -> None:
        service = entered(ground)
        open_service = ground.service([])
        open_service.declare(auth=None)
        service.configure(units="imperial")
        instance = tmp_path / "elsewhere"
        instance.mkdir(mode=0o700)
        self.copy(ground, instance / "patchbay.db")
        app = create_app(
            replace(ground.server.settings, instance=instance, secret_key_file=instance / "secret.key")
        )
        try:
            client = Client(app)
            config = client.get(f"/integrations/{service.id}/config").json
            assert config["config"] == {"units": "imperial"}
            assert config["secrets"]["api_key"]["status"] == "unreadable"
            assert not (instance / "secret.key").exists()
            ground.provider.requests.clear()
            asked = client.post(f"/integrations/{service.id}/render", {"block_type": "status"})
            assert (asked.status_code, asked.json["code"]) == (409, "secret_unreadable")
            assert ground.provider.requests == []
            asked = client.post(f"/integrations/{open_service.id}/render", {"block_type": "status"})
            assert asked.status_code == 200
            entered_again = client.put(
                f"/integrations/{service.id}/secrets/api_key", {"value": "new-0123456789"}
            )
            assert entered_again.json["status"] == "ok"
            assert (instance / "secret.key").stat().st_mode & 0o777 == 0o600
            asked = client.post(f"/integrations/{service.id}/render", {"block_type": "status"})
            assert asked.status_code == 200
            assert b"new-0123456789" in ground.sent()
        finally:
            close_app(app)
