"""Events of reviews that become due or end. Reviews are computed, so no trigger can write these."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugin_store.events import write_event
from plugin_store.models import Notebook, NotebookPluginConfig, PluginSecret
from plugin_store.settings.plugin_state import load_plugin_state
from plugin_store.settings.secret_destinations import Destinations, review_plugin_state
from plugin_store.vault.vault import Vault
from plugin_store.workspaces import Scope


class _Place(NamedTuple):
    """A plugin where its review is one of its own: in a workspace, or in a notebook with settings of its own."""

    plugin_id: str
    scope: Scope


class ReviewEvents:
    """Compares the reviews before and after a change, in the transaction of the change."""

    def __init__(self, vault: Vault, destinations: Destinations) -> None:
        self._vault = vault
        self._destinations = destinations

    @contextmanager
    def recorded(self, session: Session, plugin_ids: Collection[str]) -> Iterator[None]:
        """Writes an event for each review of these plugins that the body of the block starts or ends."""
        before = self._due(session, plugin_ids)
        yield
        session.flush()
        after = self._due(session, plugin_ids)
        for kind, places in (("review.due", after - before), ("review.ended", before - after)):
            for place in sorted(places):
                # A notebook's event concerns that notebook alone, a workspace's all in it.
                scope = place.scope if place.scope.notebook_id is None else (None, place.scope.notebook_id)
                write_event(session, kind, scope, place.plugin_id)

    def _due(self, session: Session, plugin_ids: Collection[str]) -> set[_Place]:
        return {place for place in _places(session, plugin_ids) if self._is_due(session, place)}

    def _is_due(self, session: Session, place: _Place) -> bool:
        plugin_state = load_plugin_state(session, place.plugin_id, *place.scope, self._vault)
        return plugin_state is not None and review_plugin_state(plugin_state, self._destinations) is not None


def _places(session: Session, plugin_ids: Collection[str]) -> list[_Place]:
    """Where the plugins have secrets. Without one there is nothing to review."""
    if not plugin_ids:
        return []
    with_secrets = select(PluginSecret.plugin_id, PluginSecret.workspace_id).distinct()
    workspaces = session.execute(with_secrets.where(PluginSecret.plugin_id.in_(plugin_ids))).all()
    if not workspaces:
        return []
    own = select(NotebookPluginConfig.plugin_id, Notebook.workspace_id, Notebook.id).join(
        Notebook, Notebook.id == NotebookPluginConfig.notebook_id
    )
    notebooks = session.execute(own.where(NotebookPluginConfig.plugin_id.in_(plugin_ids))).all()
    known = {(row.plugin_id, row.workspace_id) for row in workspaces}
    places = [_Place(plugin_id, Scope(workspace_id)) for plugin_id, workspace_id in known]
    return places + [
        _Place(plugin_id, Scope(workspace_id, notebook_id))
        for plugin_id, workspace_id, notebook_id in notebooks
        if (plugin_id, workspace_id) in known
    ]
