"""Workspaces, their notebooks, and the scope that a request names with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import tzinfo
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from errors import Conflict, NotFound
from plugin_store.engine.change_record import describe_whole
from plugin_store.engine.database import Database
from plugin_store.engine.paging import Page
from plugin_store.models import Notebook, Workspace
from plugin_store.ownership import Kind, mark_rows, require_unmanaged
from plugin_store.time_zones import machine_zone
from schemas.rules.time_zones import is_time_zone

Row = TypeVar("Row", Workspace, Notebook)

_KINDS: dict[str, Kind] = {"name": "workspace", "time_zone": "time_zone"}
"""What a file owns that sets a column of a workspace."""


class Scope(NamedTuple):
    """The scope of a request's settings. Both ids exist and belong together."""

    workspace_id: int
    notebook_id: int | None = None


def resolve_scope(
    database: Database,
    workspace_id: int | None = None,
    notebook_id: int | None = None,
    revision: int | None = None,
) -> Scope:
    """The scope that a request names. Without a workspace it is the notebook's, or the first one.

    Costs no query while the store is unchanged; `revision` is passed to `RevisionMemo.get`. Raises NotFound that names
    what is missing.
    """

    def load() -> Scope:
        with database.reading() as session:
            return _load_scope(session, workspace_id, notebook_id)

    return database.memo.get(("scope", workspace_id, notebook_id), load, revision)


def _load_scope(session: Session, workspace_id: int | None, notebook_id: int | None) -> Scope:
    notebook = None if notebook_id is None else find_notebook(session, notebook_id)
    if notebook is not None and workspace_id is None:
        return Scope(notebook.workspace_id, notebook.id)
    workspace = _first_workspace(session) if workspace_id is None else find_workspace(session, workspace_id)
    if notebook is not None and notebook.workspace_id != workspace.id:
        raise NotFound(f"There is no notebook {notebook.id} in workspace {workspace.id}.")
    return Scope(workspace.id, notebook_id)


def _first_workspace(session: Session) -> Workspace:
    workspace = session.scalar(select(Workspace).order_by(Workspace.id).limit(1))
    if workspace is None:
        raise NotFound("There is no workspace.")
    return workspace


def find_workspace(session: Session, workspace_id: int) -> Workspace:
    """Raises NotFound."""
    workspace = session.get(Workspace, workspace_id)
    if workspace is None:
        raise NotFound(f"There is no workspace {workspace_id}.")
    return workspace


def find_notebook(session: Session, notebook_id: int) -> Notebook:
    """Raises NotFound."""
    notebook = session.get(Notebook, notebook_id)
    if notebook is None:
        raise NotFound(f"There is no notebook {notebook_id}.")
    return notebook


def list_workspaces(
    database: Database, page: Page, among: Collection[int] | None = None
) -> tuple[Sequence[Workspace], int]:
    """A page of workspaces, oldest first, and their total number. With `among` only those of these ids."""
    query = select(Workspace).order_by(Workspace.id)
    with database.reading() as session:
        return _load_page(session, query if among is None else query.where(Workspace.id.in_(among)), page)


def create_workspace(database: Database, name: str, now: float, time_zone: str | None = None) -> Workspace:
    with database.writing() as session:
        workspace = _add(session, Workspace(name=name, created_at=now, time_zone=time_zone))
        describe_whole(id=workspace.id, name=name)
        return workspace


def get_workspace(database: Database, workspace_id: int) -> Workspace:
    """Raises NotFound."""
    with database.reading() as session:
        workspace = find_workspace(session, workspace_id)
        mark_rows(session, [workspace])
        return workspace


def change_workspace(database: Database, workspace_id: int, **values: str | None) -> Workspace:
    """Changes `name` or `time_zone`, as far as they are given. Raises NotFound and Provisioned."""
    with database.writing() as session:
        workspace = find_workspace(session, workspace_id)
        mark_rows(session, [workspace])
        for name, value in values.items():
            if getattr(workspace, name) != value:
                require_unmanaged(session, workspace, _KINDS[name])
                describe_whole(**{name: {"before": getattr(workspace, name), "after": value}})
                setattr(workspace, name, value)
        return workspace


def time_zone_of(database: Database, workspace_id: int, revision: int | None = None) -> tzinfo:
    """The workspace's time zone, else the machine's.

    Costs no query while the store is unchanged; `revision` is passed to `RevisionMemo.get`.
    """

    def load() -> tzinfo:
        with database.reading() as session:
            name = session.scalar(select(Workspace.time_zone).where(Workspace.id == workspace_id))
        # The machine may have forgotten the name since.
        return ZoneInfo(name) if name is not None and is_time_zone(name) else machine_zone()

    return database.memo.get(("time_zone", workspace_id), load, revision)


def delete_workspace(database: Database, workspace_id: int) -> None:
    """Deletes a workspace with its notebooks, settings, secrets and artifacts.

    Raises NotFound, Provisioned, and Conflict for the last one: requests without a workspace need a default.
    """
    with database.writing() as session:
        workspace = find_workspace(session, workspace_id)
        require_unmanaged(session, workspace)
        if session.scalar(select(func.count()).select_from(Workspace)) == 1:
            raise Conflict("The last workspace cannot be deleted.")
        describe_whole(name=workspace.name)
        session.delete(workspace)


def list_notebooks(
    database: Database, workspace_id: int, page: Page, among: Collection[int] | None = None
) -> tuple[Sequence[Notebook], int]:
    """A page of a workspace's notebooks, oldest first, and their total number. Raises NotFound.

    With `among` only those of these ids.
    """
    with database.reading() as session:
        find_workspace(session, workspace_id)
        query = select(Notebook).where(Notebook.workspace_id == workspace_id).order_by(Notebook.id)
        if among is not None:
            query = query.where(Notebook.id.in_(among))
        return _load_page(session, query, page)


def notebooks_of(
    database: Database, workspace_ids: Collection[int], among: Collection[int] | None = None
) -> dict[int, list[Notebook]]:
    """The notebooks of the workspaces, oldest first, by workspace. With `among` only those of these ids."""
    query = select(Notebook).where(Notebook.workspace_id.in_(workspace_ids)).order_by(Notebook.id)
    if among is not None:
        query = query.where(Notebook.id.in_(among))
    found: dict[int, list[Notebook]] = {workspace_id: [] for workspace_id in workspace_ids}
    with database.reading() as session:
        notebooks = session.scalars(query).all()
        mark_rows(session, notebooks)
    for notebook in notebooks:
        found[notebook.workspace_id].append(notebook)
    return found


def create_notebook(database: Database, workspace_id: int, name: str, now: float) -> Notebook:
    """Raises NotFound for the workspace."""
    with database.writing() as session:
        find_workspace(session, workspace_id)
        notebook = _add(session, Notebook(workspace_id=workspace_id, name=name, created_at=now))
        describe_whole(id=notebook.id, name=name)
        return notebook


def get_notebook(database: Database, notebook_id: int) -> Notebook:
    """Raises NotFound."""
    with database.reading() as session:
        notebook = find_notebook(session, notebook_id)
        mark_rows(session, [notebook])
        return notebook


def rename_notebook(database: Database, notebook_id: int, name: str) -> Notebook:
    """Raises NotFound and Provisioned."""
    with database.writing() as session:
        notebook = find_notebook(session, notebook_id)
        mark_rows(session, [notebook])
        if notebook.name != name:
            require_unmanaged(session, notebook, "notebook")
            describe_whole(name={"before": notebook.name, "after": name})
            notebook.name = name
        return notebook


def delete_notebook(database: Database, notebook_id: int) -> None:
    """Deletes a notebook with its settings. Raises NotFound and Provisioned."""
    with database.writing() as session:
        notebook = find_notebook(session, notebook_id)
        require_unmanaged(session, notebook)
        describe_whole(name=notebook.name)
        session.delete(notebook)


def _add(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row


def _load_page(session: Session, query: Select[tuple[Row]], page: Page) -> tuple[Sequence[Row], int]:
    rows = session.scalars(query.limit(page.size).offset(page.offset)).all()
    mark_rows(session, rows)
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    return rows, total
