"""Registration: one transaction, nothing written twice, nothing lost beside a bad neighbour."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from errors import Invalid, NotFound
from plugin_store.models import Plugin
from plugin_store.registry import Registry
from tests.databases import SERVER
from tests.plugin_store.conftest import Clock, Store
from tests.plugin_store.manifests import Warned, check_plugin, view, weather

ALL_BUT_LAST_SEEN = (
    "SELECT id, name, version, type, manifest, digest, enabled, artifacts_epoch, registered_at, updated_at"
    " FROM plugins ORDER BY id"
)


def statements(store: Store, action: Any) -> list[str]:
    """The SQL that `action` sends, without the pragmas of new connections."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engine = store.database._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return seen


def test_declaring_again_writes_only_when_it_was_seen(store: Store) -> None:
    batch = [weather(), view("board", order=[1, 2], size=1.0)]
    store.registry.register_batch(batch)
    before = store.rows(ALL_BUT_LAST_SEEN)
    store.clock.now += 60
    shuffled = view("board", size=1, order=[1, 2])
    writes = [
        statement
        for statement in statements(store, lambda: store.registry.register_batch([weather(), shuffled]))
        if statement.startswith(("INSERT", "UPDATE", "DELETE"))
    ]
    assert len(writes) == 1
    assert store.rows(ALL_BUT_LAST_SEEN) == before
    assert store.rows("SELECT DISTINCT last_seen_at FROM plugins") == [(store.clock.now,)]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"},
        {"version": "1.0.1"},
        {"type": "theme"},
        {"manifest": {"size": 2}},
        {"manifest": {"size": True}},
        {"manifest": {"size": "1"}},
        {"manifest": {"size": [1]}},
    ],
)
def test_any_difference_updates(store: Store, change: dict[str, Any]) -> None:
    store.registry.register(view("board", size=1))
    store.clock.now += 60
    assert store.registry.register(view("board", size=1) | change).status == "updated"
    plugin = store.registry.get("board")
    assert (plugin.registered_at, plugin.updated_at) == (store.clock.now - 60, store.clock.now)


def test_five_hundred_plugins_are_one_transaction(store: Store) -> None:
    batch = [view(f"view-{number}", n=number) for number in range(500)]
    sent = statements(store, lambda: store.registry.register_batch(batch))
    begin = "BEGIN IMMEDIATE" if SERVER is None else "SELECT pg_advisory_xact_lock"
    assert sum(statement.startswith(begin) for statement in sent) == 1
    assert len(sent) < 20
    assert store.rows("SELECT count(*) FROM plugins") == [(500,)]


def test_a_batch_is_kept_whole_or_not_at_all(store: Store) -> None:
    store.execute("CREATE UNIQUE INDEX once ON plugins (name)")
    with pytest.raises(IntegrityError):
        store.registry.register_batch([view("a") | {"name": "x"}, view("b") | {"name": "x"}])
    assert store.rows("SELECT * FROM plugins") == []


def test_plugins_declared_at_once_by_many_are_all_there(store: Store) -> None:
    errors: list[BaseException] = []

    def declare(worker: int) -> None:
        try:
            for number in range(10):
                store.registry.register_batch([view("shared", n=number), view(f"own-{worker}-{number}")])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=declare, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert store.rows("SELECT count(*) FROM plugins") == [(61,)]


def test_every_type_is_checked(store: Store, clock: Clock) -> None:
    asked: list[tuple[str, str]] = []

    def check_and_note(plugin_id: str, plugin_type: str, manifest: Any) -> list[Warned]:
        asked.append((plugin_id, plugin_type))
        return check_plugin(plugin_id, plugin_type, manifest)

    registry = Registry(store.database, check_and_note, clock)
    registry.register_batch([weather(), view("board"), view("dark") | {"type": "theme"}])
    assert asked == [("weather", "integration"), ("board", "view"), ("dark", "theme")]


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), 10**400, float("inf"), float("nan"), "\ud800", {"\udfff": 1}]
)
def test_a_manifest_that_not_every_reader_understands_is_refused(store: Store, value: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        store.registry.register(view("board", value=value))
    assert list(refusal.value.errors or {}) == ["manifest"]


def test_a_manifest_without_end_is_refused(store: Store) -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"deep": deep}
    results = store.registry.register_batch([view("board", deep=deep), view("flat")])
    assert [result.registered for result in results] == [False, True]


def test_the_manifest_says_whether_a_plugin_starts_switched_on(store: Store) -> None:
    for enabled in (None, False, True):
        manifest = {} if enabled is None else {"enabled": enabled}
        store.registry.register(view("board", **manifest))
        assert store.registry.get("board").enabled is enabled


def test_the_epoch_outlives_updates_and_not_the_plugin(store: Store) -> None:
    store.registry.register(view("board"))
    first = store.registry.get("board").artifacts_epoch
    store.registry.register(view("board", n=1))
    assert store.registry.get("board").artifacts_epoch == first
    with store.database.writing() as session:
        renewed = store.registry.renew_artifacts_epoch(session, "board")
    assert store.registry.get("board").artifacts_epoch == renewed != first
    store.registry.forget("board")
    store.registry.register(view("board"))
    assert store.registry.get("board").artifacts_epoch not in {first, renewed}


def test_forgetting_takes_all_but_the_log(store: Store) -> None:
    store.registry.register_batch([weather(), view("board")])
    store.execute(
        "INSERT INTO plugin_api_logs (at, workspace_id, plugin_id, endpoint_id, cause, duration_ms, response_bytes)"
        " VALUES (1, 1, 'weather', 'now', 'live', 1, 1)"
    )
    store.execute("INSERT INTO plugin_configs VALUES (1, 'weather', TRUE, '{}', 1)")
    store.execute("INSERT INTO notebook_plugin_configs VALUES (1, 'weather', TRUE, '{}', 1)")
    store.execute(
        "INSERT INTO integration_artifacts (parameters_hash, workspace_id, plugin_id, parameters, fetched_at,"
        " expires_at, stale_until, size_bytes, content_type, last_used_at)"
        " VALUES ('h', 1, 'weather', '{}', 1, 1, 1, 1, 'text/plain', 1)"
    )
    store.registry.forget("weather")
    for table in ("plugin_configs", "notebook_plugin_configs", "integration_artifacts"):
        assert store.rows(f"SELECT * FROM {table}") == [], table
    assert store.rows("SELECT count(*) FROM plugin_api_logs") == [(1,)]
    assert [plugin.id for plugin in store.registry.list()[0]] == ["board"]
    with pytest.raises(NotFound):
        store.registry.forget("weather")


def test_a_list_is_a_page_of_its_type(store: Store) -> None:
    store.registry.register_batch([view(f"view-{number}") for number in range(3)] + [weather()])
    plugins, total = store.registry.list("view")
    assert ([plugin.id for plugin in plugins], total) == (["view-0", "view-1", "view-2"], 3)
    assert all(isinstance(plugin, Plugin) for plugin in plugins)
    assert store.registry.list("theme") == ([], 0)


def test_a_manifest_with_very_many_warnings_is_answered_with_the_first_ones(
    store: Store, clock: Clock
) -> None:
    many = [Warned(f"manifest.w{index}", "Odd.", "odd-word") for index in range(5000)]
    registry = Registry(store.database, lambda *_: many, clock)
    assert registry.register(view("board")).warnings == many[:100]
