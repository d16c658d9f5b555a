"""What provisioning files own: which file sets a workspace, a plugin, a setting, a secret or a pin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, ForeignKey, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from errors import Provisioned as ProvisionedError
from plugin_store.engine.canonical import digest
from plugin_store.models import Base, Notebook, Plugin, PrefetchJob, Workspace

Kind = Literal["workspace", "time_zone", "notebook", "plugin", "enabled", "config", "secret", "pin"]


class Provisioned(Base):
    """One thing that a file owns. `name` is that of a setting or a secret, and the digest of a pin's inputs."""

    __tablename__ = "provisioned"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    workspace_id: Mapped[int | None] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    notebook_id: Mapped[int | None] = mapped_column(
        ForeignKey("notebooks.id", ondelete="CASCADE"), index=True
    )
    plugin_id: Mapped[str | None] = mapped_column(ForeignKey("plugins.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    file: Mapped[str] = mapped_column(Text)


def settings_owners(
    session: Session, workspace_id: int, notebook_id: int | None, plugin_id: str | None = None
) -> dict[str, dict[str, str]]:
    """The files of what a scope itself sets, by plugin, then by `enabled`, `config.units` or `secrets.api_key`."""
    query = select(Provisioned).where(
        Provisioned.kind.in_(("enabled", "config", "secret")), Provisioned.workspace_id == workspace_id
    )
    # A workspace's secrets are shown with each of its notebooks, too.
    query = query.where((Provisioned.notebook_id == notebook_id) | (Provisioned.kind == "secret"))
    if notebook_id is None:
        query = query.where(Provisioned.notebook_id.is_(None))
    if plugin_id is not None:
        query = query.where(Provisioned.plugin_id == plugin_id)
    owners: dict[str, dict[str, str]] = {}
    for row in session.scalars(query):
        owners.setdefault(str(row.plugin_id), {})[path_of(row.kind, row.name)] = row.file
    return owners


def path_of(kind: str, name: str) -> str:
    """Where an answer shows it: `enabled`, `config.units`, `secrets.api_key`."""
    return {"config": f"config.{name}", "secret": f"secrets.{name}"}.get(kind, kind)


def mark_rows(session: Session, rows: Iterable[Plugin | Workspace | Notebook]) -> None:
    """Sets `managed_by` of each row to the file that owns it."""
    listed = list(rows)
    if not listed:
        return
    kind, column = _place_of(listed[0])
    owned = select(column, Provisioned.file).where(Provisioned.kind == kind)
    files = {row[0]: row[1] for row in session.execute(owned)}
    for row in listed:
        row.managed_by = files.get(row.id)


def mark_jobs(session: Session, jobs: Sequence[PrefetchJob]) -> None:
    """Sets `managed_by` of each job to the file that pins it."""
    files = {
        (row.workspace_id, row.notebook_id, row.plugin_id, row.name): row.file
        for row in session.scalars(select(Provisioned).where(Provisioned.kind == "pin"))
    }
    for job in jobs if files else ():
        name = pin_name(job.block_id, job.parameters)
        job.managed_by = files.get((job.workspace_id, job.notebook_id, job.plugin_id, name))


def pin_name(block_id: str, parameters: Mapping[str, Any]) -> str:
    """The name of a pin of these inputs."""
    return digest([block_id, parameters])


def require_unmanaged(session: Session, row: Plugin | Workspace | Notebook, *kinds: Kind) -> None:
    """Raises Provisioned if a file owns the row; without kinds also if it owns anything in it, such as a setting."""
    _, column = _place_of(row)
    query = select(Provisioned).where(column == row.id)
    if kinds:
        query = query.where(Provisioned.kind.in_(kinds), *_alone(row))
    owner = session.scalar(query.limit(1))
    if owner is not None:
        what = f"{type(row).__name__.lower()} {row.name}"
        raise ProvisionedError(f"The file {owner.file} sets the {what}: change it there.", file=owner.file)


def require_unpinned(job: PrefetchJob) -> None:
    """Raises Provisioned if a file pins the job, which `mark_jobs` has seen."""
    if job.managed_by is not None:
        raise ProvisionedError(
            f"The file {job.managed_by} pins these inputs: change it there.", file=job.managed_by
        )


def require_unmanaged_settings(owners: Mapping[str, str], changed: Iterable[str]) -> None:
    """Raises Provisioned if a file sets one of the changed paths, which are those of `settings_owners`."""
    for path in changed:
        if path in owners:
            raise ProvisionedError(
                f"The file {owners[path]} sets {path}: change it there.", file=owners[path]
            )


def plugin_owners(session: Session, plugin_ids: Iterable[str]) -> dict[str, str]:
    """The files that declare those plugins, as far as files do."""
    query = select(Provisioned.plugin_id, Provisioned.file).where(
        Provisioned.kind == "plugin", Provisioned.plugin_id.in_(list(plugin_ids))
    )
    return {str(row.plugin_id): row.file for row in session.execute(query)}


def _place_of(
    row: Plugin | Workspace | Notebook,
) -> tuple[Kind, ColumnElement[int | None] | ColumnElement[str | None]]:
    if isinstance(row, Plugin):
        return "plugin", Provisioned.plugin_id.expression
    if isinstance(row, Workspace):
        return "workspace", Provisioned.workspace_id.expression
    return "notebook", Provisioned.notebook_id.expression


def _alone(row: Plugin | Workspace | Notebook) -> list[ColumnElement[bool]]:
    """The conditions under which an entry of the row's kind is of the row itself."""
    return [] if isinstance(row, Plugin) else [Provisioned.plugin_id.is_(None)]
