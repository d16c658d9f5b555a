"""Reviews: a user must accept that a plugin's secrets would be sent elsewhere. Computed, never stored."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from errors import Conflict, NotFound
from plugin_store.engine.database import Database
from plugin_store.settings.plugin_state import PluginState, load_plugin_state
from plugin_store.settings.review_events import ReviewEvents
from plugin_store.settings.secret_destinations import (
    Destinations,
    Review,
    locked_secrets,
    review_plugin_state,
)
from plugin_store.vault.destinations import Destination
from plugin_store.vault.vault import Vault
from plugin_store.workspaces import Scope


class Reviews:
    """Finds the plugins that need a review, and carries out the user's decision."""

    def __init__(self, database: Database, vault: Vault, destinations: Destinations) -> None:
        self._database = database
        self._vault = vault
        self._destinations = destinations
        self._events = ReviewEvents(vault, destinations)

    def review_of(
        self, plugin_id: str, workspace_id: int, notebook_id: int | None = None
    ) -> dict[str, Any] | None:
        """`{reason, old, new}` if a user must accept new destinations of secrets, else None. Raises NotFound."""
        with self._database.reading() as session:
            return self.review_plugin_state(self._load(session, plugin_id, Scope(workspace_id, notebook_id)))

    def review_plugin_state(self, plugin_state: PluginState) -> dict[str, Any] | None:
        """The same for a loaded state, without a query."""
        review = review_plugin_state(plugin_state, self._destinations)
        return None if review is None else review.as_shown()

    def decide(
        self, plugin_id: str, scope: Scope, *, accept: bool, seen: Collection[Destination] | None = None
    ) -> dict[str, Any] | None:
        """Accepts the current destinations of locked secrets, or leaves them locked. Returns the review still due.

        `seen` are the destinations that the user saw; Conflict if they have changed. Raises NotFound for a plugin that
        is no integration.
        """
        with self._database.writing() as session:
            plugin_state = self._load(session, plugin_id, scope)
            if not plugin_state.is_integration:
                raise NotFound(f"There is no integration {plugin_id}.")
            review = review_plugin_state(plugin_state, self._destinations)
            if review is None or not accept:
                return None if review is None else review.as_shown()
            _refuse_unseen(review, seen)
            with self._events.recorded(session, [plugin_id]):
                self._rebind(session, plugin_state)
            return self.review_plugin_state(self._load(session, plugin_id, scope))

    def _rebind(self, session: Session, plugin_state: PluginState) -> None:
        for key, (state, current) in locked_secrets(plugin_state, self._destinations).items():
            # A notebook's decision adds to the workspace's, so the other notebooks continue as before.
            bound_to = current if plugin_state.notebook_id is None else {*state.bound_to, *current}
            self._vault.rebind(session, plugin_state.workspace_id, plugin_state.plugin_id, key, bound_to)

    def _load(self, session: Session, plugin_id: str, scope: Scope) -> PluginState:
        plugin_state = load_plugin_state(
            session, plugin_id, scope.workspace_id, scope.notebook_id, self._vault
        )
        if plugin_state is None:
            raise NotFound(f"There is no plugin {plugin_id}.")
        return plugin_state


def _refuse_unseen(review: Review, seen: Collection[Destination] | None) -> None:
    if seen is not None and set(seen) != set(review.new):
        raise Conflict("The plugin has changed meanwhile. Read the review again.", review=review.as_shown())
