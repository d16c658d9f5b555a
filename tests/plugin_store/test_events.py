"""The log of events: each change is told once, in its transaction, to the scope that it concerns."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from integrations.manifests.model import GRANT
from plugin_store.events import KEPT_EVENTS, KEPT_SECONDS, EventLog, EventRow, Span
from plugin_store.models import PluginSecret
from plugin_store.workspaces import Scope, create_notebook, create_workspace, delete_notebook
from tests.plugin_store.conftest import NOTEBOOK, WORKSPACE, Store
from tests.plugin_store.manifests import WEATHER_PROPERTIES, weather

SECRET = "k-3v9Qs7w1Zp5"


class Watch:
    """What was told since the last look: kind, workspace, notebook, plugin, data."""

    def __init__(self, store: Store) -> None:
        self.log = EventLog(store.database)
        self._seen = self.log.span().last

    def told(self) -> list[tuple[Any, ...]]:
        rows = self.log.read(self._seen, 1000)
        self._seen = rows[-1].id if rows else self._seen
        return [
            (row.kind, row.workspace_id, row.notebook_id, row.plugin_id, row.data and orjson.loads(row.data))
            for row in rows
        ]

    def kinds(self) -> list[str]:
        return [told[0] for told in self.told()]


@pytest.fixture
def watch(store: Store) -> Watch:
    return Watch(store)


def declare(store: Store, base_url: str) -> None:
    manifest = {"integration": {"base_url": base_url}, "properties": WEATHER_PROPERTIES}
    store.registry.register(weather(manifest=manifest))


class TestPlugins:
    def test_declared_changed_and_forgotten_are_told_to_all(self, store: Store, watch: Watch):
        store.registry.register(weather())
        assert watch.told() == [
            ("plugin.declared", None, None, "weather", {"type": "integration", "version": "1.0.0"})
        ]
        store.registry.register(weather(version="1.1.0"))
        assert watch.told() == [
            ("plugin.changed", None, None, "weather", {"type": "integration", "version": "1.1.0"})
        ]
        store.registry.forget("weather")
        assert watch.kinds() == ["plugin.forgotten"]

    def test_the_same_declaration_again_tells_nothing(self, store: Store, watch: Watch):
        store.registry.register(weather())
        watch.told()
        store.registry.register(weather())
        assert watch.told() == []


class TestSettings:
    @pytest.fixture(autouse=True)
    def declared(self, store: Store, watch: Watch) -> None:
        store.registry.register(weather())
        watch.told()

    @pytest.mark.parametrize(("scope", "place"), [(WORKSPACE, (1, None)), (NOTEBOOK, (None, 1))])
    def test_values_are_told_without_the_values(self, store: Store, watch: Watch, scope: Scope, place: Any):
        store.configs.replace_config("weather", scope, {"city": "Oslo"})
        assert watch.told() == [("settings.changed", *place, "weather", None)]
        store.configs.replace_config("weather", scope, {"city": "Oslo"})
        assert watch.told() == []
        store.configs.reset_state("weather", scope)
        assert watch.told() == [("settings.changed", *place, "weather", None)]

    @pytest.mark.parametrize(("scope", "place"), [(WORKSPACE, (1, None)), (NOTEBOOK, (None, 1))])
    def test_on_and_off_are_told_with_what_is_set_now(
        self, store: Store, watch: Watch, scope: Scope, place: Any
    ):
        for enabled in (False, True):
            store.configs.set_enabled("weather", scope, enabled)
            assert watch.told() == [("enabled.changed", *place, "weather", {"enabled": enabled})]
        store.configs.reset_state("weather", scope)
        assert watch.told() == [("enabled.changed", *place, "weather", {"enabled": None})]

    def test_a_secret_is_told_by_its_name_alone(self, store: Store, watch: Watch):
        for value in (SECRET, SECRET + "2", None):
            store.configs.enter_secret("weather", WORKSPACE, "api_key", value)
            assert watch.told() == [("secret.changed", 1, None, "weather", {"key": "api_key"})]
        rows = store.rows("SELECT * FROM events")
        assert SECRET not in repr(rows)

    def test_an_account_is_told_and_the_tokens_of_the_server_are_not(self, store: Store, watch: Watch):
        with store.database.writing() as session:
            for key in (GRANT, "token:0a1b"):
                store.vault.seal_secret(session, 1, "weather", key, SECRET, bound_to=())
        assert watch.told() == [("account.changed", 1, None, "weather", None)]
        with store.database.writing() as session:
            row = session.get(PluginSecret, (1, "weather", GRANT))
            assert row is not None
            store.vault.seal_secret(
                session, 1, "weather", GRANT, "renewed", bound_to=(), revision=row.revision
            )
        assert watch.told() == []

    def test_what_is_rolled_back_is_not_told(self, store: Store, watch: Watch):
        with pytest.raises(RuntimeError), store.database.writing() as session:
            store.vault.seal_secret(session, 1, "weather", "api_key", SECRET, bound_to=())
            session.flush()
            raise RuntimeError
        assert watch.told() == []


class TestReviews:
    @pytest.fixture(autouse=True)
    def entered(self, store: Store, watch: Watch) -> None:
        store.registry.register(weather())
        store.configs.enter_secret("weather", WORKSPACE, "api_key", SECRET)
        watch.told()

    def test_a_manifest_that_sends_a_secret_elsewhere_makes_one_due_until_it_is_accepted(
        self, store: Store, watch: Watch
    ):
        declare(store, "https://other.example.com/v1")
        assert watch.told()[1:] == [("review.due", 1, None, "weather", None)]
        store.reviews.decide("weather", WORKSPACE, accept=False)
        assert watch.told() == []
        store.reviews.decide("weather", WORKSPACE, accept=True)
        assert watch.told() == [("review.ended", 1, None, "weather", None)]

    @pytest.mark.parametrize("value", [SECRET + "2", None])
    def test_a_secret_that_is_entered_again_or_deleted_ends_it(
        self, store: Store, watch: Watch, value: str | None
    ):
        declare(store, "https://other.example.com/v1")
        watch.told()
        store.configs.enter_secret("weather", WORKSPACE, "api_key", value)
        assert watch.kinds() == ["secret.changed", "review.ended"]

    def test_a_manifest_that_is_changed_back_ends_it(self, store: Store, watch: Watch):
        declare(store, "https://other.example.com/v1")
        watch.told()
        store.registry.register(weather())
        assert watch.kinds() == ["plugin.changed", "review.ended"]

    def test_each_workspace_has_its_own(self, store: Store, watch: Watch, clock: Any):
        other = create_workspace(store.database, "Other", clock()).id
        declare(store, "https://other.example.com/v1")
        assert [told[:2] for told in watch.told()] == [("plugin.changed", None), ("review.due", 1)]
        store.configs.enter_secret("weather", Scope(other), "api_key", SECRET)
        assert watch.kinds() == ["secret.changed"]
        store.registry.register(weather())
        assert {told[:2] for told in watch.told()[1:]} == {("review.due", other), ("review.ended", 1)}

    def test_a_setting_of_a_notebook_makes_one_due_in_that_notebook_alone(self, store: Store, watch: Watch):
        declare(store, "https://{host}/v1")
        store.configs.replace_config("weather", WORKSPACE, {"host": "api.example.com"})
        watch.told()
        store.configs.replace_config("weather", NOTEBOOK, {"host": "evil.example.com"})
        assert watch.told()[1:] == [("review.due", None, 1, "weather", None)]
        store.configs.reset_state("weather", NOTEBOOK)
        assert watch.told()[1:] == [("review.ended", None, 1, "weather", None)]


def row(**values: Any) -> EventRow:
    given = {"workspace_id": None, "notebook_id": None} | values
    return EventRow(1, 0.0, "kind", given["workspace_id"], given["notebook_id"], "p", None, None)


@pytest.mark.parametrize(
    ("event", "scope", "is_told"),
    [
        (row(), Scope(1), True),
        (row(), Scope(1, 7), True),
        (row(workspace_id=1), Scope(1), True),
        (row(workspace_id=1), Scope(1, 7), True),
        (row(workspace_id=1), Scope(2), False),
        (row(workspace_id=1), Scope(2, 7), False),
        (row(notebook_id=7), Scope(1, 7), True),
        (row(notebook_id=7), Scope(1, 8), False),
        (row(notebook_id=7), Scope(1), False),
    ],
)
def test_an_event_concerns_its_own_scope_only(event: EventRow, scope: Scope, is_told: bool):
    assert event.concerns(scope) is is_told


@pytest.mark.parametrize(
    ("span", "event_id", "is_whole"),
    [
        (Span(0, 0), 0, True),
        (Span(0, 5), 0, True),
        (Span(0, 5), 5, True),
        (Span(3, 5), 3, True),
        (Span(3, 5), 2, False),
        (Span(5, 5), 4, False),
        (Span(0, 5), 6, False),
    ],
)
def test_a_span_knows_what_can_be_resumed(span: Span, event_id: int, is_whole: bool):
    assert span.holds_all_after(event_id) is is_whole


class TestTrimming:
    def test_events_of_more_than_an_hour_ago_are_deleted_but_for_the_newest(
        self, store: Store, watch: Watch, clock: Any
    ):
        store.registry.register(weather())
        store.configs.set_enabled("weather", WORKSPACE, False)
        store.execute("UPDATE events SET at = :at", at=clock() - KEPT_SECONDS + 1)
        watch.log.trim(clock())
        assert watch.kinds() == ["plugin.declared", "enabled.changed"]
        last = watch.log.span().last
        watch.log.trim(clock() + 2)
        assert (store.rows("SELECT id FROM events"), watch.log.span()) == ([(last,)], Span(last - 1, last))

    def test_the_newest_ten_thousand_are_kept_at_most(self, store: Store, watch: Watch, clock: Any):
        store.registry.register(weather())
        store.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) "
            "INSERT INTO events (at, kind) SELECT :at, 'k' FROM n",
            many=KEPT_EVENTS + 10,
            at=clock(),
        )
        watch.log.trim(clock())
        floor, last = watch.log.span()
        assert last - floor == KEPT_EVENTS

    @pytest.mark.sqlite
    def test_nothing_is_written_where_nothing_is_old(self, store: Store, watch: Watch, clock: Any):
        store.database.commits()
        store.execute("UPDATE events SET at = :at", at=clock())
        before = store.database.commits()
        watch.log.trim(clock())
        assert store.database.commits() == before


def test_a_deleted_notebook_tells_nobody_else(store: Store, watch: Watch, clock: Any):
    store.registry.register(weather())
    notebook_id = create_notebook(store.database, 1, "Second", clock()).id
    store.configs.set_enabled("weather", Scope(1, notebook_id), False)
    watch.told()
    delete_notebook(store.database, notebook_id)
    assert all(told[2] == notebook_id for told in watch.told())
