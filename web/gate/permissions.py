"""What a caller may do, and where: pure decisions over values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from errors import InsufficientScope, NotFound
from plugin_store.workspaces import Scope
from schemas.api.tokens import SCOPES

Id = TypeVar("Id", int, str)


@dataclass(frozen=True, slots=True)
class Permission:
    """What a caller may do. For `workspaces`, `notebooks` and `integrations` None is all of them.

    What is out of reach is answered like what does not exist, so that nobody learns whether it does.
    """

    scopes: frozenset[str]
    workspaces: frozenset[int] | None = None
    notebooks: frozenset[int] | None = None
    integrations: frozenset[str] | None = None
    token_id: int | None = None
    """The named token that it belongs to; None for the owner."""

    @property
    def is_owner(self) -> bool:
        return self is OWNER

    @property
    def is_limited(self) -> bool:
        """Whether it is for some workspaces, notebooks or integrations only."""
        return not (self.workspaces is None and self.notebooks is None and self.integrations is None)

    @property
    def default_workspace_id(self) -> int | None:
        """The workspace of a request that names none; None for the first one of the server."""
        return min(self.workspaces) if self.workspaces else None

    def reaches_plugin(self, plugin_id: str) -> bool:
        return self.integrations is None or plugin_id in self.integrations

    def require_plugin(self, plugin_id: str) -> None:
        """Raises NotFound for a plugin out of reach."""
        if not self.reaches_plugin(plugin_id):
            raise NotFound(f"There is no plugin {plugin_id}.")

    def require_workspace(self, workspace_id: int) -> None:
        """Raises NotFound for a workspace out of reach."""
        if self.workspaces is not None and workspace_id not in self.workspaces:
            raise NotFound(f"There is no workspace {workspace_id}.")

    def require_scope(self, scope: Scope) -> None:
        """Raises NotFound for a workspace or a notebook out of reach, and InsufficientScope for a whole workspace."""
        if scope.notebook_id is not None:
            self.require_notebook(scope)
            return
        self.require_workspace(scope.workspace_id)
        self.require_whole_workspaces()

    def require_notebook(self, scope: Scope) -> None:
        """Raises NotFound for a notebook out of reach."""
        is_of_it = self.notebooks is None or scope.notebook_id in self.notebooks
        if not is_of_it or (self.workspaces is not None and scope.workspace_id not in self.workspaces):
            raise NotFound(f"There is no notebook {scope.notebook_id}.")

    def require_whole_workspaces(self) -> None:
        """Raises InsufficientScope for a permission of some notebooks only."""
        if self.notebooks is not None:
            raise InsufficientScope(
                "This token is for some notebooks only: name one of them in `notebook_id`."
            )

    def covers(self, other: Permission) -> bool:
        """Whether nothing is allowed by the other one that this one does not allow."""
        return (
            other.scopes <= self.scopes
            and _includes(self.workspaces, other.workspaces)
            and _includes(self.notebooks, other.notebooks)
            and _includes(self.integrations, other.integrations)
        )


OWNER = Permission(frozenset(SCOPES))
"""The owner's: by the server's own token, or by a session."""
NOBODY = Permission(frozenset(), frozenset(), frozenset(), frozenset())


def _includes(mine: frozenset[Id] | None, others: frozenset[Id] | None) -> bool:
    return mine is None or (others is not None and others <= mine)
