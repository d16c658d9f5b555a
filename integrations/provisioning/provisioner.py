"""Applies provisioning files: reads, checks and compares, and writes what differs in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from integrations.prefetch.planner import Planner
from integrations.provisioning.checks import Manifest, find_faults
from integrations.provisioning.faults import ProvisioningFailed
from integrations.provisioning.places import Place
from integrations.provisioning.plan import Plan, plan_of
from integrations.provisioning.present import Present, read_present
from integrations.provisioning.references import References, Unresolved
from integrations.provisioning.setup_files import read_folder
from integrations.provisioning.wanted import Wanted, wanted_of
from integrations.provisioning.writing import writer_for
from plugin_store.engine.change_record import Author, ChangeRecord, Entry, describe_whole, recorded
from plugin_store.engine.database import Database
from plugin_store.models import Plugin
from plugin_store.ownership import Provisioned
from plugin_store.services import StoreServices


class Setup(NamedTuple):
    """What a folder wants, with the values of its secrets."""

    wanted: Wanted
    secrets: dict[Place, str]


class Provisioner:
    """Compares folders with the store, and applies them."""

    def __init__(
        self,
        database: Database,
        store: StoreServices,
        planner: Planner,
        references: References,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._store = store
        self._planner = planner
        self._references = references
        self._clock = clock

    def plan(self, folder: Path) -> Plan:
        """What applying the folder would change. Raises ProvisioningFailed and StorageFailed."""
        setup = self._read(folder)
        with self._database.reading() as session:
            return self._plan(session, setup, read_present(session))

    def apply(self, folder: Path) -> Plan:
        """What applying the folder changed: everything or, on errors, nothing.

        Where nothing differs, nothing is written. Raises ProvisioningFailed and StorageFailed.
        """
        setup = self._read(folder)
        with self._database.reading() as session:
            plan = self._plan(session, setup, read_present(session))
        if not plan.is_empty:
            author = Author("file", name=str(folder))
            whole = Entry("provisioning.applied", details={"folder": str(folder)})
            with (
                recorded(ChangeRecord(author, whole, self._clock)),
                self._database.writing() as session,
            ):
                present = read_present(session)
                plan = self._plan(session, setup, present)
                describe_whole(
                    changes=[str(change) for change in plan.changes if change.place.kind != "secret"]
                )
                writer_for(session, self._store, self._clock(), *setup, present).write(plan)
        self._planner.plan_pins()
        return plan

    def release(self) -> int:
        """Lets files own nothing any more; everything stays as it is. Returns how many things they owned."""
        with self._database.writing() as session:
            return len(session.scalars(delete(Provisioned).returning(Provisioned.id)).all())

    def _read(self, folder: Path) -> Setup:
        wanted = wanted_of(read_folder(folder), self._store.registry.check)
        secrets, faults = {}, []
        for place, entry in wanted.items():
            if place.kind == "secret":
                try:
                    secrets[place] = self._references.read(entry.value, entry.file.path.parent)
                except Unresolved as error:
                    faults.append(entry.fault(str(error)))
        if faults:
            raise ProvisioningFailed(faults)
        return Setup(wanted, secrets)

    def _plan(self, session: Session, setup: Setup, present: Present) -> Plan:
        """Raises ProvisioningFailed for what the store would refuse."""

        def stored_manifest(plugin_id: str) -> Manifest | None:
            return session.scalar(select(Plugin.manifest).where(Plugin.id == plugin_id))

        def holds_secret(place: Place) -> bool:
            workspace_id = present.workspace_ids[str(place.workspace)]
            at = workspace_id, str(place.plugin), place.name
            return self._store.vault.holds(session, *at, setup.secrets[place])

        faults = find_faults(setup.wanted, present, setup.secrets, stored_manifest)
        if faults:
            raise ProvisioningFailed(faults)
        return plan_of(setup.wanted, present, holds_secret)
