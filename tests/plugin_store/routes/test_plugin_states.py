"""Changes of a state that is read first: of two at once, none is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from errors import PreconditionFailed
from plugin_store.settings.entity_tags import parse_if_match
from tests.plugin_store.conftest import NOTEBOOK, WORKSPACE, Client, Store
from tests.plugin_store.manifests import view, weather

PLACES = ["/workspaces/1/plugins/weather", "/notebooks/1/plugins/weather"]
OLD = '"0123456789abcdef0123456789abcdef"'
SECRET = "k-3v9Qs7w1Zp5"


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, client: Client) -> str:
    client.post("/plugins/register", weather())
    return request.param


def test_a_state_has_a_strong_tag_that_changes_with_it(client: Client, place: str) -> None:
    tag = client.get(place).headers["ETag"]
    assert tag[0] == tag[-1] == '"'
    assert client.get(place).headers["ETag"] == tag
    changed = client.put(place, {"config": {"days": 3}})
    assert changed.headers["ETag"] == client.get(place).headers["ETag"] != tag
    assert client.put(place, {"config": {"days": 3.0}}).headers["ETag"] == changed.headers["ETag"]
    assert client.put(place, {"enabled": False}).headers["ETag"] not in {tag, changed.headers["ETag"]}
    client.delete(place)
    assert client.get(place).headers["ETag"] == tag


def test_whoever_has_read_the_newest_state_may_change_it(client: Client, place: str) -> None:
    for days in (3, 4, 5):
        tag = client.get(place).headers["ETag"]
        assert client.put(place, {"config": {"days": days}}, headers={"If-Match": tag}).status_code == 200
    listed = f"{OLD}, {client.get(place).headers['ETag']}"
    assert client.put(place, {"enabled": False}, headers={"If-Match": listed}).json["config"] == {"days": 5}
    assert client.put(place, {"enabled": None}, headers={"If-Match": "*"}).status_code == 200
    tag = client.get(place).headers["ETag"]
    assert client.delete(place, headers={"If-Match": tag}).status_code == 204
    assert client.get(place).json["config"] == {}


@pytest.mark.parametrize("method", ["put", "delete"])
def test_a_change_of_an_older_state_changes_nothing(
    client: Client, store: Store, place: str, method: str
) -> None:
    tag = client.get(place).headers["ETag"]
    kept = client.put(place, {"config": {"days": 3}}).json
    revision = store.database.revision()
    # A secret that comes along and a value that does not fit are not even looked at.
    body = {"config": {"days": "many"}, "enabled": False} if method == "put" else None
    for header in (tag, f"W/{client.get(place).headers['ETag']}", OLD, '""'):
        refused = getattr(client, method)(place, body, headers={"If-Match": header})
        assert (refused.status_code, refused.json["code"]) == (412, "precondition_failed")
        assert refused.mimetype == "application/problem+json"
    assert (client.get(place).json, store.database.revision()) == (kept, revision)


@pytest.mark.parametrize("header", ["", "days", "'a'", '"a" "b"', '*, "a"', '"' * 4000, "\x00", '"\xff'])
def test_a_broken_header_never_counts_as_none(client: Client, place: str, header: str) -> None:
    for method in ("put", "delete"):
        refused = getattr(client, method)(place, {"config": {"days": 3}}, headers={"If-Match": header})
        assert (refused.status_code, refused.json["code"]) == (400, "malformed")
        assert "If-Match" in refused.json["detail"]
    assert client.get(place).json["config"] == {}


def test_what_is_missing_and_what_does_not_fit_are_told_before_and_after_the_tag(
    client: Client, place: str
) -> None:
    missing = place.replace("weather", "nothing")
    assert client.put(missing, {"enabled": True}, headers={"If-Match": "*"}).status_code == 404
    assert client.delete(missing, headers={"If-Match": OLD}).status_code == 404
    wrong = client.put(place, {"config": {"days": "many"}}, headers={"If-Match": "*"})
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["config.days"])


def test_a_client_that_has_the_state_gets_no_second_copy(client: Client, place: str) -> None:
    tag = client.get(place).headers["ETag"]
    same = client.get(place, headers={"If-None-Match": tag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    assert client.get(place, headers={"If-None-Match": OLD}).status_code == 200


def test_a_notebooks_state_changes_with_what_it_inherits(client: Client) -> None:
    client.post("/plugins/register", weather())
    workspace, notebook = PLACES
    tag = client.get(notebook).headers["ETag"]
    client.put(workspace, {"config": {"days": 3}})
    assert client.get(notebook).headers["ETag"] != tag


def test_warnings_of_a_secret_are_no_part_of_the_state(client: Client) -> None:
    client.post("/plugins/register", weather())
    entered = client.put(PLACES[0], {"config": {"api_key": "short"}})
    assert entered.json["secrets"]["api_key"]["warnings"]
    assert client.get(PLACES[0]).headers["ETag"] == entered.headers["ETag"]
    assert (
        client.put(PLACES[0], {"config": {"api_key": SECRET}}, headers={"If-Match": OLD}).status_code == 412
    )


def test_values_that_no_schema_limits_have_a_tag(client: Client) -> None:
    client.post("/plugins/register", view(properties=[{"name": "blocks", "type": "anything"}]))
    blocks: Any = [{"id": "é\u2028😀", "at": [0, -1, 1.5, 2**53 - 1, None, True]}] * 200
    answer = client.put("/notebooks/1/plugins/board", {"config": {"blocks": blocks}})
    assert answer.status_code == 200
    assert client.get("/notebooks/1/plugins/board").headers["ETag"] == answer.headers["ETag"]


@pytest.mark.parametrize("scope", [WORKSPACE, NOTEBOOK])
def test_of_writers_at_once_exactly_one_wins(reopen: Callable[..., Store], scope: Any) -> None:
    # Each has connections of its own, as two processes have.
    stores = [reopen(), reopen()]
    stores[0].registry.register(weather())
    for _ in range(20):
        tag = stores[0].configs.get_state("weather", scope).etag
        won = _race(stores, scope, tag)
        assert len(won) == 1
        assert stores[0].configs.get_state("weather", scope).config == {"days": won[0], "city": tag}


def _race(stores: list[Store], scope: Any, tag: str) -> list[int]:
    """Which of four threads could change the state that has this tag."""
    barrier, won = threading.Barrier(4), []

    def write(days: int) -> None:
        changes = {"config": {"days": days, "city": tag}}
        barrier.wait()
        with suppress(PreconditionFailed):
            stores[days % 2].configs.change_state("weather", scope, changes, parse_if_match(tag))
            won.append(days)

    threads = [threading.Thread(target=write, args=(days,)) for days in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won
