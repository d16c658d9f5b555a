"""The terms of a token against what the store has."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from sqlalchemy import select

from errors import Invalid
from plugin_store.engine.database import Database
from plugin_store.models import Notebook, Workspace
from web.gate.access_tokens import TokenTerms


def complete_terms(database: Database, terms: TokenTerms) -> TokenTerms:
    """The terms with the workspaces of the notebooks, where these are given.

    Raises Invalid for a workspace or a notebook that does not exist, and a notebook outside of the workspaces.
    """
    permission = terms.permission
    with database.reading() as session:
        workspaces = set(session.scalars(select(Workspace.id)))
        homes = {
            row.id: row.workspace_id for row in session.execute(select(Notebook.id, Notebook.workspace_id))
        }
    _require_known("workspaces", permission.workspaces, workspaces)
    _require_known("notebooks", permission.notebooks, homes)
    if permission.notebooks is None:
        return terms
    of_notebooks = frozenset(homes[notebook_id] for notebook_id in permission.notebooks)
    if permission.workspaces is not None and not of_notebooks <= permission.workspaces:
        raise Invalid(
            "A notebook is in none of the workspaces.", errors={"notebooks": ["Must be in the workspaces."]}
        )
    return terms._replace(permission=replace(permission, workspaces=of_notebooks))


def _require_known(name: str, given: frozenset[int] | None, known: Container[int]) -> None:
    for number in sorted(given or ()):
        if number not in known:
            message = f"There is no {name[:-1]} {number}."
            raise Invalid(message, errors={name: [message]})
