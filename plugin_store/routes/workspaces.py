"""The routes of workspaces and their notebooks."""

from __future__ import annotations

from typing import Any

from flask import Response

from plugin_store import workspaces
from plugin_store.engine.paging import Page
from plugin_store.models import Notebook, Workspace
from plugin_store.routes.shared import PAGINATION
from schemas.api.state import (
    NamedSchema,
    NewWorkspaceSchema,
    NotebookSchema,
    PageSchema,
    WorkspaceChangeSchema,
    WorkspaceInListSchema,
    WorkspaceSchema,
    WorkspacesQuerySchema,
)
from web.api.blueprint import Blueprint
from web.api.context import services
from web.api.scopes import scope_of
from web.gate.callers import calling_permission

blueprint = Blueprint("workspaces", __name__, description="Workspaces and their notebooks")

_MEMBERS = tuple(WorkspaceSchema().fields)


@blueprint.route("/workspaces", methods=["GET"])
@blueprint.arguments(WorkspacesQuerySchema, location="query")
@blueprint.response(200, WorkspaceInListSchema(many=True), headers=PAGINATION)
def list_workspaces(query: dict[str, Any]) -> tuple[Any, int, dict[str, str]]:
    """List the workspaces, the default one first; `include=notebooks` adds the notebooks of each."""
    page, permission = Page(query["page"], query["page_size"]), calling_permission()
    rows, total = workspaces.list_workspaces(services().database, page, permission.workspaces)
    if query.get("include") == "notebooks":
        ids = [row.id for row in rows]
        notebooks = workspaces.notebooks_of(services().database, ids, permission.notebooks)
        rows = [_members(row) | {"notebooks": notebooks[row.id]} for row in rows]
    return rows, 200, page.headers(total)


def _members(workspace: Workspace) -> dict[str, Any]:
    return {name: getattr(workspace, name) for name in _MEMBERS}


@blueprint.route("/workspaces", methods=["POST"])
@blueprint.arguments(NewWorkspaceSchema)
@blueprint.response(201, WorkspaceSchema)
def create_workspace(body: dict[str, Any]) -> Workspace:
    """Create a workspace."""
    return workspaces.create_workspace(
        services().database, body["name"], services().clock(), body.get("time_zone")
    )


@blueprint.route("/workspaces/<int64:workspace_id>", methods=["GET"])
@blueprint.response(200, WorkspaceSchema)
def get_workspace(workspace_id: int) -> Workspace:
    """Show a workspace."""
    return workspaces.get_workspace(services().database, workspace_id)


@blueprint.route("/workspaces/<int64:workspace_id>", methods=["PATCH"])
@blueprint.arguments(WorkspaceChangeSchema)
@blueprint.response(200, WorkspaceSchema)
def change_workspace(body: dict[str, Any], workspace_id: int) -> Workspace:
    """Change a workspace's name or time zone; members missing in the body stay unchanged."""
    return workspaces.change_workspace(services().database, workspace_id, **body)


@blueprint.route("/workspaces/<int64:workspace_id>", methods=["DELETE"])
@blueprint.response(204)
def delete_workspace(workspace_id: int) -> Response:
    """Delete a workspace with its notebooks, settings, secrets and artifacts; the last one cannot be deleted."""
    kept = services().caching.artifacts.keys_of(workspace_id=workspace_id)
    workspaces.delete_workspace(services().database, workspace_id)
    services().caching.artifacts.delete_bodies(kept)
    return Response(status=204)


@blueprint.route("/workspaces/<int64:workspace_id>/notebooks", methods=["GET"])
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, NotebookSchema(many=True), headers=PAGINATION)
def list_notebooks(query: dict[str, Any], workspace_id: int) -> tuple[Any, int, dict[str, str]]:
    """List a workspace's notebooks."""
    page = Page(query["page"], query["page_size"])
    rows, total = workspaces.list_notebooks(
        services().database, workspace_id, page, calling_permission().notebooks
    )
    return rows, 200, page.headers(total)


@blueprint.route("/workspaces/<int64:workspace_id>/notebooks", methods=["POST"])
@blueprint.arguments(NamedSchema)
@blueprint.response(201, NotebookSchema)
def create_notebook(body: dict[str, Any], workspace_id: int) -> Notebook:
    """Create a notebook in a workspace."""
    return workspaces.create_notebook(services().database, workspace_id, body["name"], services().clock())


@blueprint.route("/notebooks/<int64:notebook_id>", methods=["GET"])
@blueprint.response(200, NotebookSchema)
def get_notebook(notebook_id: int) -> Notebook:
    """Show a notebook."""
    return workspaces.get_notebook(services().database, _reachable(notebook_id))


@blueprint.route("/notebooks/<int64:notebook_id>", methods=["PATCH"])
@blueprint.arguments(NamedSchema)
@blueprint.response(200, NotebookSchema)
def rename_notebook(body: dict[str, Any], notebook_id: int) -> Notebook:
    """Rename a notebook."""
    return workspaces.rename_notebook(services().database, _reachable(notebook_id), body["name"])


@blueprint.route("/notebooks/<int64:notebook_id>", methods=["DELETE"])
@blueprint.response(204)
def delete_notebook(notebook_id: int) -> Response:
    """Delete a notebook with its settings."""
    workspaces.delete_notebook(services().database, _reachable(notebook_id))
    return Response(status=204)


def _reachable(notebook_id: int) -> int:
    """The same id, if the caller may use the notebook. Raises NotFound."""
    scope_of({"notebook_id": notebook_id})
    return notebook_id
