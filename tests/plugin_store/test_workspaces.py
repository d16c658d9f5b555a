"""Workspaces: the default one, and what is deleted with one."""

from __future__ import annotations

import pytest

from errors import Conflict, NotFound
from plugin_store.workspaces import (
    Scope,
    create_notebook,
    create_workspace,
    delete_notebook,
    delete_workspace,
    resolve_scope,
)
from tests.plugin_store.conftest import Store
from tests.plugin_store.manifests import weather


def test_a_call_falls_back_on_the_first_workspace(store: Store) -> None:
    assert resolve_scope(store.database) == Scope(1)
    second = create_workspace(store.database, "Second", 1.0)
    assert resolve_scope(store.database) == Scope(1)
    assert resolve_scope(store.database, second.id) == Scope(second.id)
    delete_workspace(store.database, 1)
    assert resolve_scope(store.database) == Scope(second.id)
    with pytest.raises(NotFound, match="workspace 1"):
        resolve_scope(store.database, 1)


def test_a_notebook_names_its_workspace(store: Store) -> None:
    second = create_workspace(store.database, "Second", 1.0)
    notebook = create_notebook(store.database, second.id, "Daily", 1.0)
    assert resolve_scope(store.database, None, notebook.id) == Scope(second.id, notebook.id)
    assert resolve_scope(store.database, second.id, notebook.id) == Scope(second.id, notebook.id)
    with pytest.raises(NotFound, match=f"notebook {notebook.id}"):
        resolve_scope(store.database, 1, notebook.id)
    delete_notebook(store.database, notebook.id)
    with pytest.raises(NotFound):
        resolve_scope(store.database, None, notebook.id)


def test_the_last_workspace_stays(store: Store) -> None:
    with pytest.raises(Conflict):
        delete_workspace(store.database, 1)


def test_an_id_is_never_given_twice(store: Store) -> None:
    workspace = create_workspace(store.database, "Second", 1.0)
    notebook = create_notebook(store.database, 1, "Second", 1.0)
    delete_workspace(store.database, workspace.id)
    delete_notebook(store.database, notebook.id)
    assert create_workspace(store.database, "Third", 1.0).id > workspace.id
    assert create_notebook(store.database, 1, "Third", 1.0).id > notebook.id


def test_a_workspace_takes_everything_with_it(store: Store) -> None:
    second = create_workspace(store.database, "Second", 1.0)
    notebook = create_notebook(store.database, second.id, "Daily", 1.0)
    store.registry.register(weather())
    scope = Scope(second.id)
    store.configs.replace_config("weather", scope, {"city": "Oslo", "api_key": "s"})
    store.configs.replace_config("weather", Scope(second.id, notebook.id), {"city": "Rome"})
    store.execute(
        "INSERT INTO plugin_api_logs (at, workspace_id, plugin_id, endpoint_id, cause, duration_ms, response_bytes)"
        " VALUES (1, :id, 'weather', 'now', 'live', 1, 1)",
        id=second.id,
    )
    delete_workspace(store.database, second.id)
    for table in ("plugin_configs", "notebook_plugin_configs", "plugin_secrets", "plugin_api_logs"):
        assert store.rows(f"SELECT * FROM {table}") == [], table
    assert store.rows("SELECT count(*) FROM notebooks") == [(1,)]
