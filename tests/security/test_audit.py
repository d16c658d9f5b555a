"""The audit log: every change has its entry, whoever makes it, and no entry has a secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine

from errors import Conflict
from plugin_store.engine.change_record import (
    Author,
    ChangeRecord,
    Entry,
    bounded,
    describe_part,
    difference,
    recorded,
)
from plugin_store.engine.database import Database
from plugin_store.models import Workspace
from tests.conftest import Client, Person
from tests.security.token_app import TokenApp, declaration, routes, token_app
from web.api.audit_trail import MAX_A_MINUTE, RefusalLimit
from web.api.changes import CHANGES, WITHOUT_ENTRY
from web.gate.gate import SIGNIN_PATH

SECRET = "s3cr3t-Zq81-never-to-be-shown"
V1 = "/api/v1"
# A GET that changes something.
CHANGING_GETS = {("GET", SIGNIN_PATH), ("GET", "/oauth/callback")}
# Changes that need a provider or a person, with the tests that make them and look for their entries.
ELSEWHERE = {"account.sign_in_begun", "account.connected", "account.disconnected", "review.accepted"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[TokenApp]:
    with token_app(tmp_path / "instance") as made:
        yield made


def entries(house: TokenApp, query: str = "") -> list[dict[str, Any]]:
    """The entries, oldest first."""
    answer: Any = house.owner.get(f"/audit?page_size=1000{query}")
    assert answer.status_code == 200
    return answer.json[::-1]


def names(house: TokenApp, query: str = "") -> list[str]:
    return [entry["what"] for entry in entries(house, query)]


def rows_as_text(house: TokenApp) -> str:
    return str(house.app.extensions["patchbay"].database.query("SELECT * FROM audit_log", ()))


def test_every_writing_route_is_named_or_says_why_not(house: TokenApp):
    writing = {
        (method, rule)
        for method, rule in routes(house.app)
        if method != "GET" or (method, rule) in CHANGING_GETS
    }
    assert writing == CHANGES.keys() | WITHOUT_ENTRY.keys()
    assert not CHANGES.keys() & WITHOUT_ENTRY.keys()


def make_changes(house: TokenApp) -> Iterator[tuple[str, Any]]:
    """Makes each change through the API: the name that its entry has, and the answer."""
    token = house.issue("render")
    # Their answers have JSON where the API says so.
    owner: Any = house.owner
    browser: Any = Person(house.app)
    page: Any = Client(house.app, token=None)
    mine, notebook = "/integrations/mine", f"/notebooks/{house.notebook}/plugins/mine"
    yield "plugin.registered", owner.post("/plugins/register", declaration("new"))
    batch = {"plugins": [declaration("third"), declaration("third", "not a version")]}
    yield "plugin.registered", owner.post("/plugins/register-batch", batch)
    yield "plugin.handed_over", owner.patch("/plugins/new", {"declared_by": token["id"]})
    yield "plugin.deleted", owner.delete("/plugins/third")
    yield "plugin.disabled", owner.put(f"{mine}/enable", {"enabled": False})
    yield "settings.changed", owner.put(f"{mine}/config", {"config": {"units": "us"}})
    yield "secret.set", owner.put(f"{mine}/secrets/api_key", {"value": SECRET})
    yield "secret.deleted", owner.delete(f"{mine}/secrets/api_key")
    yield "settings.changed", owner.put("/workspaces/1/plugins/mine", {"config": {"units": "si"}})
    yield "settings.changed", owner.delete("/workspaces/1/plugins/mine")
    yield "plugin.enabled", owner.put(notebook, {"enabled": True})
    yield "plugin.inherited", owner.delete(notebook)
    workspace = owner.post("/workspaces", {"name": "W"})
    yield "workspace.created", workspace
    yield "workspace.changed", owner.patch(f"/workspaces/{workspace.json['id']}", {"name": "V"})
    made = owner.post(f"/workspaces/{workspace.json['id']}/notebooks", {"name": "N"})
    yield "notebook.created", made
    yield "notebook.changed", owner.patch(f"/notebooks/{made.json['id']}", {"name": "M"})
    yield "notebook.deleted", owner.delete(f"/notebooks/{made.json['id']}")
    yield "workspace.deleted", owner.delete(f"/workspaces/{workspace.json['id']}")
    yield "artifacts.purged", owner.delete("/plugins/mine/artifacts")
    yield "artifacts.purged", owner.delete("/artifacts")
    pinned = owner.post("/prefetch", {"integration_id": "mine", "block_type": "item", "parameters": {}})
    yield "schedule.pinned", pinned
    yield "schedule.changed", owner.patch(f"/prefetch/{pinned.json['id']}", {"paused": True})
    yield "schedule.unpinned", owner.delete(f"/prefetch/{pinned.json['id']}")
    yield "token.created", owner.post("/tokens", {"name": "T", "scopes": ["render"]})
    yield "token.changed", owner.patch(f"/tokens/{token['id']}", {"name": "U"})
    yield "token.revoked", owner.delete(f"/tokens/{token['id']}")
    asked = [page.post("/connect", {"name": "P", "scopes": ["render"]}).json for _ in range(2)]
    accept = f"/connect/requests/{asked[0]['user_code']}/accept"
    yield "connect.accepted", owner.post(accept, {})
    yield "token.fetched", page.post("/connect/token", {"device_code": asked[0]["device_code"]})
    yield "connect.denied", owner.post(f"/connect/requests/{asked[1]['user_code']}/deny")
    gate = house.app.extensions["patchbay_gate"]
    yield "session.started", page.open(SIGNIN_PATH, "POST", json={"token": gate.token})
    yield "session.started", page.open(f"{SIGNIN_PATH}?token={gate.token}")
    other = next(one["id"] for one in browser.get("/sessions").json if not one["current"])
    yield "session.ended", browser.delete(f"/sessions/{other}")
    yield "session.ended", browser.delete("/sessions")
    yield "session.ended", browser.open("/signout", "POST")


def test_each_change_has_its_entry_and_none_a_secret(house: TokenApp):
    found: set[str] = set()
    last = entries(house)[-1]["id"]
    for what, answer in make_changes(house):
        assert answer.status_code < 400, (what, answer.get_data(as_text=True))
        new = [entry for entry in entries(house) if entry["id"] > last and entry["what"] == what]
        assert new, what
        last = entries(house)[-1]["id"]
        found.add(what)
        assert new[-1]["request_id"] == answer.headers.get("X-Request-Id")
        assert new[-1]["address"] == "127.0.0.1"
    named = {change.what for change in CHANGES.values()} - {None}
    assert named - found <= ELSEWHERE | {"action.run", "history.purged"}
    text = rows_as_text(house)
    assert SECRET not in text and "pb_" not in text
    assert house.app.extensions["patchbay_gate"].token not in text
    # Neither the length of a secret.
    [entered] = entries(house, "&what=secret.set")
    assert entered["details"] == {"fields": ["api_key"]}


def test_values_are_shown_before_and_after_but_never_those_of_secrets(house: TokenApp):
    body = {"config": {"units": f"http://user:{SECRET}@nas.lan/" + "x" * 5000, "api_key": SECRET}}
    assert house.owner.put("/integrations/mine/config", body).status_code == 200
    changed, entered = entries(house, "&plugin_id=mine")[-2:]
    assert (changed["what"], changed["details"]["fields"]) == ("settings.changed", ["units"])
    after = changed["details"]["after"]["units"]
    assert after.startswith("http://••••@nas.lan/") and len(after) < 250
    assert (entered["what"], entered["details"]) == ("secret.set", {"fields": ["api_key"]})
    assert SECRET not in rows_as_text(house)
    before = len(names(house))
    # What changes nothing, or is refused, has no entry.
    house.owner.put("/integrations/mine/config", {"config": {"units": body["config"]["units"]}})
    house.owner.post("/plugins/register", declaration("mine"))
    house.owner.put("/integrations/mine/config", {"config": {"nope": SECRET}})
    house.owner.delete("/plugins/nowhere")
    house.owner.delete("/integrations/other/secrets/api_key")
    assert len(names(house)) == before


def test_who_made_a_change_is_named(house: TokenApp):
    token = house.issue("declare", name="Dash")
    Client(house.app, token["token"]).post("/plugins/register", declaration("theirs"))
    Person(house.app).put("/integrations/mine/enable", {"enabled": False})
    house.app.test_cli_runner().invoke(args=["tokens", "revoke", str(token["id"])])
    by_token, by_session, by_command = entries(house)[-3:]
    assert by_token["who"] == {"kind": "token", "id": token["id"], "name": "Dash"}
    assert (by_session["who"]["kind"], by_session["plugin_id"]) == ("session", "mine")
    assert by_session["who"]["id"] is not None and by_session["who"]["name"]
    assert (by_command["who"]["kind"], by_command["address"]) == ("command", None)
    assert by_command["details"] == {"token_id": token["id"], "name": "Dash"}
    assert names(house, f"&who=token:{token['id']}") == ["plugin.registered"]
    assert names(house, "&who=command") == ["token.revoked"]


def test_refusals_are_written_and_bounded(house: TokenApp):
    stranger = Client(house.app, token=None)
    for _ in range(4):
        assert stranger.open(SIGNIN_PATH, "POST", json={"token": SECRET}).status_code == 401
    limited = house.client("render")
    for _ in range(3):
        assert limited.delete("/artifacts").status_code == 403
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (
        house.owner.put("/integrations/mine/enable", {"enabled": False}, headers=foreign).status_code == 403
    )
    failed = entries(house, "&what=sign_in")
    assert len(failed) == 1 and failed[0]["who"]["kind"] == "unknown"
    refused = entries(house, "&what=request.refused")
    # One of a kind and address a minute.
    assert [entry["details"]["code"] for entry in refused] == ["insufficient_scope", "foreign_origin"]
    assert refused[1]["details"]["origin"] == "https://evil.example"
    assert SECRET not in str(entries(house))


def test_a_flood_of_refusals_is_counted_and_few_are_written():
    now = [1000.0]
    limit = RefusalLimit(lambda: now[0])
    assert [limit.pass_on("a", "10.0.0.1") for _ in range(5)] == [0, None, None, None, None]
    assert limit.pass_on("b", "10.0.0.1") == 0
    now[0] += 61
    assert limit.pass_on("a", "10.0.0.1") == 4
    passed = [limit.pass_on("a", f"10.1.{one}.1") for one in range(100)]
    assert sum(one is not None for one in passed) == MAX_A_MINUTE - 1
    now[0] -= 10_000
    assert limit.pass_on("a", "10.9.9.9") == 0, "a clock that is set back stops nothing"


def test_an_entry_stands_and_falls_with_its_change(house: TokenApp):
    database: Database = house.app.extensions["patchbay"].database
    before = names(house)
    record = ChangeRecord(Author("server"), Entry("workspace.created"), lambda: 1.0)

    def change(*, fails: bool) -> None:
        with database.writing() as session:
            session.add(Workspace(name="X", created_at=1.0))
            describe_part("settings.changed", plugin_id="mine")
            if fails:
                raise Conflict("no")

    with recorded(record):
        with pytest.raises(Conflict):
            change(fails=True)
        assert names(house) == before
        # A transaction that changes nothing is none.
        with database.writing():
            pass
        assert names(house) == before
        change(fails=False)
        change(fails=False)
    new = names(house)[len(before) :]
    assert new == ["workspace.created", "settings.changed", "settings.changed"]
    with pytest.raises(Exception, match="never changed"), database.raw_write() as connection:
        connection.execute("UPDATE audit_log SET what = 'nothing'")


def test_the_log_is_paged_filtered_and_trimmed(house: TokenApp):
    every = names(house)
    owner: Any = house.owner
    page = owner.get("/audit?page_size=2").json
    rest = owner.get(f"/audit?page_size=1000&before={page[-1]['id']}").json
    assert [entry["what"] for entry in [*page, *rest]] == every[::-1]
    assert set(names(house, "&what=plugin")) == {"plugin.registered"}
    assert names(house, "&what=plug") == []
    assert names(house, "&from=2999-01-01") == [] and names(house, "&to=2999-01-01") == every
    for query in ("who=nobody", "who=token:x", "what=a'b", "what=a.b.c", "page_size=0", "from=x"):
        assert house.owner.get(f"/audit?{query}").status_code == 422, query
    assert house.client("render", "operate").get("/audit").status_code == 403
    assert house.client("admin", workspaces=[1]).get("/audit").status_code == 403
    assert house.client("admin").get("/audit").status_code == 200
    log = house.app.extensions["patchbay"].store.audit_log
    with time_machine.travel("2999-01-01", tick=False):
        log.trim()
    assert names(house) == []


def test_it_is_printed_at_a_terminal(house: TokenApp):
    runner = house.app.test_cli_runner()
    house.owner.post("/workspaces", {"name": "A\x1b[31m\nB"})
    printed = runner.invoke(args=["audit", "--lines", "3"])
    assert printed.exit_code == 0 and len(printed.output.splitlines()) == 3
    assert "workspace.created" in printed.output.splitlines()[-1] and "\x1b" not in printed.output
    [line] = runner.invoke(args=["audit", "--json", "--plugin", "mine"]).output.splitlines()
    assert (json.loads(line)["what"], json.loads(line)["plugin_id"]) == ("plugin.registered", "mine")


@pytest.mark.parametrize(
    ("before", "after", "fields", "shown"),
    [
        ({}, {"a": None}, ["a"], {"a": None}),
        ({"a": 1}, {"a": True}, ["a"], {"a": True}),
        ({"a": 1, "b": 2}, {"b": 2}, ["a"], {}),
        ({"k": 1}, {"k": 2, "a": 3}, ["a", "k"], {"a": 3}),
        ({"a": 1}, {"a": 1}, [], {}),
    ],
)
def test_a_difference_names_what_differs(before: Any, after: Any, fields: list[str], shown: Any):
    found = difference(before, after, {"k"})
    assert (found["fields"], found["after"]) == (fields, shown)
    assert "k" not in found["before"]


def test_details_are_bounded_whatever_they_hold():
    deep: Any = {"a": [{"b": "x" * 10_000}] * 1000, "u": [f"ftp://me:{SECRET}@host/"]}
    text = str(bounded({"after": deep, "fields": [str(one) for one in range(1000)], "n": 5}))
    assert len(text) < 3000 and SECRET not in text
    make: Callable[[int], Any] = lambda depth: "x" if depth == 0 else [make(depth - 1)]  # noqa: E731
    assert len(str(bounded({"after": {"deep": make(50)}}))) < 500
