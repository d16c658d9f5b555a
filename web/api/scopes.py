"""The workspace and notebook that a request names, as far as its caller may use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from errors import NotFound
from plugin_store.engine.database import Database
from plugin_store.workspaces import Scope, resolve_scope
from web.api.context import services
from web.gate.callers import calling_permission
from web.gate.permissions import Permission


def scope_of(query: Mapping[str, Any], revision: int | None = None) -> Scope:
    """The scope that a request's query names.

    Raises NotFound for one that does not exist or is out of the caller's reach, and InsufficientScope for a whole
    workspace where the caller may use notebooks only. `revision` is passed to `resolve_scope`.
    """
    return permitted_scope(services().database, calling_permission(), query, revision)


def permitted_scope(
    database: Database, permission: Permission, query: Mapping[str, Any], revision: int | None = None
) -> Scope:
    """The same outside of a request, for a caller's permission."""
    workspace_id, notebook_id = query.get("workspace_id"), query.get("notebook_id")
    if permission.is_owner:
        return resolve_scope(database, workspace_id, notebook_id, revision)
    if workspace_id is None and notebook_id is None:
        workspace_id = permission.default_workspace_id
    try:
        scope = resolve_scope(database, workspace_id, notebook_id, revision)
    except NotFound:
        if notebook_id is None:
            raise
        # The same as for a notebook out of reach, whatever workspace it is in.
        raise NotFound(f"There is no notebook {notebook_id}.") from None
    permission.require_scope(scope)
    return scope
