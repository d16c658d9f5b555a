"""What the store has now, by the same places as the files, and which file owns what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from integrations.provisioning.places import Place
from integrations.provisioning.wanted import Pin
from plugin_store.models import (
    Notebook,
    NotebookPluginConfig,
    Plugin,
    PluginConfig,
    PluginSecret,
    PrefetchJob,
    Workspace,
)
from plugin_store.ownership import Provisioned, pin_name

FIRST_NAMES = ("Default", "Notebook")
"""The workspace and the notebook that a first start makes."""

Value = Any
"""As in `Entry`, but a plugin's digest in place of its declaration, and True for a secret."""


@dataclass(frozen=True, slots=True)
class Present:
    """The store's state. `is_new` means that nobody has changed anything since the first start."""

    values: dict[Place, Value]
    owners: dict[Place, str]
    workspace_ids: dict[str, int]
    notebook_ids: dict[tuple[str, str], int]
    repeated: frozenset[Place]
    """Workspaces and notebooks whose name another one has, too: files cannot tell them apart."""
    is_new: bool


def read_present(session: Session) -> Present:
    """The state in the transaction of `session`."""
    workspaces = session.execute(
        select(Workspace.id, Workspace.name, Workspace.time_zone).order_by(Workspace.id)
    ).all()
    notebooks = session.execute(
        select(Notebook.id, Notebook.workspace_id, Notebook.name).order_by(Notebook.id)
    ).all()
    names = _Names(
        {row.id: row.name for row in workspaces}, {row.id: (row.workspace_id, row.name) for row in notebooks}
    )
    values: dict[Place, Value] = {}
    for row in workspaces:
        values[Place("workspace", row.name)] = None
        if row.time_zone is not None:
            values[Place("time_zone", row.name)] = row.time_zone
    values |= {names.place("notebook", row.workspace_id, row.id): None for row in notebooks}
    values |= {
        Place("plugin", plugin=row.id): row.digest
        for row in session.execute(select(Plugin.id, Plugin.digest))
    }
    values |= dict(_settings(session, names))
    owners = dict(_owners(session, names))
    return Present(
        values=values,
        owners=owners,
        workspace_ids={row.name: row.id for row in reversed(workspaces)},
        notebook_ids={(names.workspaces[row.workspace_id], row.name): row.id for row in reversed(notebooks)},
        repeated=_repeated(workspaces, notebooks, names),
        is_new=_is_new(
            session, [row.name for row in workspaces], [row.name for row in notebooks], values, owners
        ),
    )


@dataclass(frozen=True, slots=True)
class _Names:
    workspaces: dict[int, str]
    notebooks: dict[int, tuple[int, str]]

    def place(
        self,
        kind: Any,
        workspace_id: int | None,
        notebook_id: int | None,
        plugin: str | None = None,
        name: str = "",
    ) -> Place:
        workspace = None if workspace_id is None else self.workspaces[workspace_id]
        notebook = None if notebook_id is None else self.notebooks[notebook_id][1]
        return Place(kind, workspace, notebook, plugin, name)


def _settings(session: Session, names: _Names) -> Iterator[tuple[Place, Value]]:
    for row in session.scalars(select(PluginConfig)):
        yield from _own(names.place("config", row.workspace_id, None, row.plugin_id), row)
    for row in session.scalars(select(NotebookPluginConfig)):
        workspace_id = names.notebooks[row.notebook_id][0]
        yield from _own(names.place("config", workspace_id, row.notebook_id, row.plugin_id), row)
    for row in session.scalars(select(PluginSecret)):
        yield names.place("secret", row.workspace_id, None, row.plugin_id, row.key), True
    for row in session.scalars(select(PrefetchJob).where(PrefetchJob.is_pinned)):
        name = pin_name(row.block_id, row.parameters)
        place = names.place("pin", row.workspace_id, row.notebook_id, row.plugin_id, name)
        yield place, Pin(row.block_id, row.parameters)


def _own(place: Place, row: PluginConfig | NotebookPluginConfig) -> Iterator[tuple[Place, Value]]:
    if row.enabled is not None:
        yield place._replace(kind="enabled"), row.enabled
    for key, value in row.config.items():
        yield place._replace(name=key), value


def _owners(session: Session, names: _Names) -> Iterator[tuple[Place, str]]:
    for row in session.scalars(select(Provisioned)):
        yield names.place(row.kind, row.workspace_id, row.notebook_id, row.plugin_id, row.name), row.file


def _repeated(workspaces: Any, notebooks: Any, names: _Names) -> frozenset[Place]:
    counts = Counter(Place("workspace", row.name) for row in workspaces)
    counts.update(names.place("notebook", row.workspace_id, row.id) for row in notebooks)
    return frozenset(place for place, count in counts.items() if count > 1)


def _is_new(
    session: Session,
    workspaces: list[str],
    notebooks: list[str],
    values: dict[Place, Value],
    owners: dict[Place, str],
) -> bool:
    made = (workspaces, notebooks) == ([FIRST_NAMES[0]], [FIRST_NAMES[1]])
    return made and len(values) == 2 and not owners and session.scalar(select(func.count(Plugin.id))) == 0
