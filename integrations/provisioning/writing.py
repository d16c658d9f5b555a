"""Writes a plan into the store, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from errors import NotFound
from integrations.prefetch.jobs import unplanned_pin
from integrations.provisioning.places import Place
from integrations.provisioning.plan import Change, Plan
from integrations.provisioning.present import Present
from integrations.provisioning.wanted import Wanted
from plugin_store.models import Notebook, PrefetchJob, Workspace
from plugin_store.ownership import Provisioned, pin_name
from plugin_store.services import StoreServices
from plugin_store.settings.plugin_state import load_plugin_state
from plugin_store.settings.properties import properties_of
from plugin_store.workspaces import Scope

SETTING_KINDS = ("enabled", "config", "secret")


@dataclass(frozen=True, slots=True)
class PlanWriter:
    """Writes plans with the store's own functions, so that triggers and reviews work as for any other change."""

    session: Session
    store: StoreServices
    now: float
    wanted: Wanted
    secrets: Mapping[Place, str] = field(repr=False)
    workspace_ids: dict[str, int]
    notebook_ids: dict[tuple[str, str], int]

    def write(self, plan: Plan) -> None:
        """Writes everything. The caller's transaction makes it all or nothing."""
        added = [
            change for change in plan.changes if change.place.kind == "plugin" and change.verb != "release"
        ]
        self.store.registry.write(self.session, [self.wanted[change.place].value for change in added])
        for change in plan.changes:
            if (write := self._writers().get((change.place.kind, change.verb))) is not None:
                write(change)
        settings = [change for change in plan.changes if change.place.kind in SETTING_KINDS]
        settings.sort(key=lambda change: _scope_key(change.place))
        for _, changes in groupby(settings, key=lambda change: _scope_key(change.place)):
            self._write_settings(list(changes))
        for change in plan.changes:
            if change.place.kind == "pin":
                self._write_pin(change)
        if plan.owners_change:
            self._write_owners(plan)

    def _writers(self) -> dict[tuple[str, str], Callable[[Change], None]]:
        return {
            ("workspace", "rename"): self._rename_workspace,
            ("workspace", "add"): self._add_workspace,
            ("notebook", "rename"): self._rename_notebook,
            ("notebook", "remove"): self._remove_notebook,
            ("notebook", "add"): self._add_notebook,
            ("time_zone", "change"): self._set_zone,
            ("time_zone", "remove"): self._set_zone,
        }

    def _rename_workspace(self, change: Change) -> None:
        workspace_id = self.workspace_ids.pop(str(change.place.workspace))
        self.workspace_ids[change.after] = workspace_id
        self.session.execute(update(Workspace).where(Workspace.id == workspace_id).values(name=change.after))

    def _add_workspace(self, change: Change) -> None:
        workspace = Workspace(name=change.place.workspace, created_at=self.now)
        self.session.add(workspace)
        self.session.flush()
        self.workspace_ids[workspace.name] = workspace.id

    def _rename_notebook(self, change: Change) -> None:
        (old,) = self.notebook_ids
        notebook_id = self.notebook_ids.pop(old)
        ((workspace, _),) = self.workspace_ids.items()
        self.notebook_ids[workspace, change.after] = notebook_id
        self.session.execute(update(Notebook).where(Notebook.id == notebook_id).values(name=change.after))

    def _remove_notebook(self, change: Change) -> None:
        place = change.place
        notebook_id = self.notebook_ids.pop((str(place.workspace), str(place.notebook)))
        self.session.execute(delete(Notebook).where(Notebook.id == notebook_id))

    def _add_notebook(self, change: Change) -> None:
        workspace, name = str(change.place.workspace), str(change.place.notebook)
        notebook = Notebook(workspace_id=self.workspace_ids[workspace], name=name, created_at=self.now)
        self.session.add(notebook)
        self.session.flush()
        self.notebook_ids[workspace, name] = notebook.id

    def _set_zone(self, change: Change) -> None:
        workspace_id = self.workspace_ids[str(change.place.workspace)]
        self.session.execute(
            update(Workspace).where(Workspace.id == workspace_id).values(time_zone=change.after)
        )

    def _write_settings(self, changes: Sequence[Change]) -> None:
        """Writes what changes of one plugin in one scope."""
        scope, plugin_id = self._scope(changes[0].place), str(changes[0].place.plugin)
        before = load_plugin_state(self.session, plugin_id, *scope, self.store.vault)
        if before is None:
            raise NotFound(f"There is no plugin {plugin_id}.")
        specs = {spec.name: spec for spec in properties_of(before.manifest)}
        enabled, config = before.own_enabled, dict(before.own_config)
        secrets: dict[str, str | None] = {}
        for change in changes:
            place = change.place
            if place.kind == "enabled":
                enabled = change.after
            elif place.kind == "secret":
                secrets[place.name] = None if change.verb == "remove" else self.secrets[place]
            elif change.verb == "remove":
                config.pop(place.name, None)
            else:
                config[place.name] = specs[place.name].normalized(change.after)
        # A value from a file does not accept a review in a person's place.
        self.store.configs.write(
            self.session, before, enabled=enabled, config=config, secrets=secrets, stays_locked=True
        )

    def _write_pin(self, change: Change) -> None:
        scope, place = self._scope(change.place), change.place
        job = self._find_pin(scope, place)
        if change.verb == "remove":
            if job is not None and job.is_default:
                job.is_pinned = False
            elif job is not None:
                self.session.delete(job)
        elif job is not None:
            job.is_pinned = True
        else:
            self.session.add(
                unplanned_pin(scope, str(place.plugin), change.after.block_id, change.after.parameters)
            )

    def _find_pin(self, scope: Scope, place: Place) -> PrefetchJob | None:
        jobs = self.session.query(PrefetchJob).filter_by(
            workspace_id=scope.workspace_id, notebook_id=scope.notebook_id, plugin_id=place.plugin
        )
        return next((job for job in jobs if pin_name(job.block_id, job.parameters) == place.name), None)

    def _write_owners(self, plan: Plan) -> None:
        self.session.flush()
        self.session.execute(delete(Provisioned))
        rows = [
            {
                "kind": place.kind,
                "workspace_id": None if place.workspace is None else self.workspace_ids[place.workspace],
                "notebook_id": None if place.notebook is None else self._notebook_id(place),
                "plugin_id": place.plugin,
                "name": place.name,
                "file": file,
            }
            for place, file in plan.owners.items()
        ]
        if rows:
            self.session.execute(insert(Provisioned), rows)

    def _scope(self, place: Place) -> Scope:
        notebook_id = None if place.notebook is None else self._notebook_id(place)
        return Scope(self.workspace_ids[str(place.workspace)], notebook_id)

    def _notebook_id(self, place: Place) -> int:
        return self.notebook_ids[str(place.workspace), str(place.notebook)]


def writer_for(
    session: Session,
    store: StoreServices,
    now: float,
    wanted: Wanted,
    secrets: Mapping[Place, str],
    present: Present,
) -> PlanWriter:
    """A writer that knows the rows of `present`, which was read in the same transaction."""
    return PlanWriter(
        session, store, now, wanted, secrets, dict(present.workspace_ids), dict(present.notebook_ids)
    )


def _scope_key(place: Place) -> tuple[str, str, str]:
    """Workspaces before their notebooks: a notebook inherits."""
    return str(place.workspace), place.notebook or "", str(place.plugin)
