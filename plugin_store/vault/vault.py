"""Secrets at rest: encrypted, each bound to its workspace, plugin, key and destinations."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from errors import NotFound, SecretUnreadable, StorageFailed
from installation import command_line
from plugin_store.engine.canonical import canonical_json
from plugin_store.engine.database import Database
from plugin_store.models import PluginSecret
from plugin_store.vault.destinations import Destination, sort_destinations
from plugin_store.vault.keyring import Keyring
from plugin_store.vault.sealed_destinations import destinations_of
from plugin_store.vault.store_key import StoreKey, has_store_key
from settings import ConfigurationError

SEALED_VERSION = 2
READABLE_VERSIONS = frozenset({1, SEALED_VERSION})
"""1 has destinations as texts, 2 as records."""

SecretStatus = Literal["ok", "unreadable"]
SecretKey = tuple[int, str, str]
"""Workspace, plugin and the property's name: where a secret lies."""


@dataclass(frozen=True, slots=True)
class SecretState:
    """The public state of a stored secret. `status` is None if it was not checked."""

    status: SecretStatus | None
    revision: str
    bound_to: tuple[Destination, ...]
    updated_at: float


@dataclass(frozen=True, slots=True)
class OpenedSecret:
    """A secret's plaintext, kept out of every repr."""

    value: str = field(repr=False)
    revision: str
    bound_to: tuple[Destination, ...]


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many secrets the newest key encrypts now, and how many no key decrypts."""

    resealed: int
    current: int
    unreadable: int


def has_secrets(database: Database) -> bool:
    """Whether any secret is stored, readable or not. In that case no key file may be created at start."""
    with database.reading() as session:
        return session.scalar(select(PluginSecret.key).limit(1)) is not None


def state_of(row: PluginSecret, status: SecretStatus | None = None) -> SecretState:
    return SecretState(status, row.revision, destinations_of(row.bound_to), row.updated_at)


class Vault:
    """Encrypts, decrypts and re-encrypts secrets. Only `open_secret` returns plaintexts."""

    def __init__(self, database: Database, keyring: Keyring, clock: Callable[[], float]) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._store_key = StoreKey(database, keyring)

    def has_store_key(self) -> bool:
        """Whether this process has the key of the store, without which it seals nothing. Raises StorageFailed."""
        return self._store_key.is_mine()

    def note_first_key(self) -> None:
        """Notes the key at a start, unless the store knows one or has secrets of another. Raises StorageFailed."""
        if not self._database.spans_hosts or has_store_key(self._database):
            return
        with self._database.writing() as session:
            rows = session.scalars(select(PluginSecret)).all()
            if not rows or any(self._open(row) is not None for row in rows):
                self._store_key.note(session)

    def accept_key(self) -> None:
        """Has secrets sealed with the first key although the store knows another one, which is lost.

        Raises ConfigurationError if there is no key.
        """
        if not self._keyring.all_keys():
            raise ConfigurationError(f"There is no key yet: run `{command_line('secrets new-key')}` first.")
        with self._database.writing() as session:
            self._store_key.replace(session)

    def seal_secret(
        self,
        session: Session,
        workspace_id: int,
        plugin_id: str,
        key: str,
        value: str,
        *,
        bound_to: Collection[Destination],
        revision: str | None = None,
    ) -> None:
        """Stores `value` bound to the destinations in `bound_to`, and replaces another one. Raises StorageFailed.

        `revision` is given if the value is new but the account is the same; else a new revision is made.
        """
        row = PluginSecret(workspace_id=workspace_id, plugin_id=plugin_id, key=key)
        self._seal_for(session, row, value, bound_to)
        row.revision = revision or secrets.token_hex(16)
        row.updated_at = self._clock()
        session.merge(row)

    def delete_secret(self, session: Session, workspace_id: int, plugin_id: str, key: str) -> None:
        """Deletes a secret. Does nothing if there is none."""
        session.execute(delete(PluginSecret).where(*_is_at((workspace_id, plugin_id, key))))

    def describe(self, session: Session, workspace_id: int, plugin_id: str) -> dict[str, SecretState]:
        """The stored secrets of a plugin, by key."""
        query = select(PluginSecret).where(
            PluginSecret.workspace_id == workspace_id, PluginSecret.plugin_id == plugin_id
        )
        return {row.key: self.state_of(row) for row in session.scalars(query)}

    def state_of(self, row: PluginSecret) -> SecretState:
        """The row's state, checked with the current keys."""
        return state_of(row, status="unreadable" if self._open(row) is None else "ok")

    def list_unreadable(self) -> list[tuple[str, str]]:
        """Plugin and key of each stored secret that no current key decrypts, of all workspaces, sorted."""
        with self._database.reading() as session:
            rows = session.scalars(select(PluginSecret)).all()
        return sorted({(row.plugin_id, row.key) for row in rows if self._open(row) is None})

    def open_secret(self, workspace_id: int, plugin_id: str, key: str) -> OpenedSecret:
        """The plaintext of a stored secret.

        Raises NotFound if none is stored, SecretUnreadable if no key decrypts it or if it was sealed for another row
        than the one that contains it.
        """
        with self._database.reading() as session:
            row = session.scalar(select(PluginSecret).where(*_is_at((workspace_id, plugin_id, key))))
        if row is None:
            raise NotFound(f"The plugin {plugin_id} has no secret {key} in this workspace.")
        value = self._open(row)
        if value is None:
            raise SecretUnreadable(
                f"The secret {key} of {plugin_id} cannot be decrypted with the present keys. Enter it again."
            )
        return OpenedSecret(value=value, revision=row.revision, bound_to=destinations_of(row.bound_to))

    def holds(self, session: Session, workspace_id: int, plugin_id: str, key: str, value: str) -> bool:
        """Whether the stored secret has this value; False if it is missing or unreadable."""
        row = session.scalar(select(PluginSecret).where(*_is_at((workspace_id, plugin_id, key))))
        stored = None if row is None else self._open(row)
        return stored is not None and hmac.compare_digest(stored.encode(), value.encode())

    def rebind(
        self,
        session: Session,
        workspace_id: int,
        plugin_id: str,
        key: str,
        bound_to: Collection[Destination],
    ) -> bool:
        """Binds a secret to other destinations; returns False if it is missing or unreadable.

        Its revision stays: the value, and so the account, is the same.
        """
        row = session.scalar(select(PluginSecret).where(*_is_at((workspace_id, plugin_id, key))))
        value = None if row is None else self._open(row)
        if row is None or value is None:
            return False
        self._seal_for(session, row, value, bound_to)
        return True

    def add_key(self) -> None:
        """Adds a new key, which encrypts from now on. Raises ConfigurationError."""
        self._keyring.add_key()

    def export_keys(self) -> tuple[str, ...]:
        """See `Keyring.export_keys`."""
        return self._keyring.export_keys()

    def import_keys(self, keys: Sequence[str]) -> int:
        """See `Keyring.import_keys`."""
        return self._keyring.import_keys(keys)

    def rotate(self) -> Rotation:
        """Encrypts every secret again with the first key, each in one transaction. Old keys still decrypt the rest."""
        with self._database.reading() as session:
            rows = session.execute(
                select(PluginSecret.workspace_id, PluginSecret.plugin_id, PluginSecret.key)
            ).all()
        outcomes = [self._reseal((row[0], row[1], row[2])) for row in rows]
        with self._database.writing() as session:
            self._store_key.note(session)
        return Rotation(
            resealed=outcomes.count("resealed"),
            current=outcomes.count("current"),
            unreadable=outcomes.count("unreadable"),
        )

    def drop_old_keys(self) -> None:
        """Keeps only the first key. Raises ConfigurationError while a secret still needs another one."""
        # Secrets are encrypted inside a write transaction, so nothing is encrypted with an old key during this one.
        with self._database.writing() as session:
            self._store_key.require(session)
            for row in session.scalars(select(PluginSecret)):
                if self._open(row) is not None and not self._keyring.is_current(row.ciphertext):
                    raise ConfigurationError(
                        f"Some secrets still need an old key: run `{command_line('secrets rotate')}` first."
                    )
            self._keyring.drop_old_keys()
            self._store_key.note(session)

    def _reseal(self, place: SecretKey) -> Literal["resealed", "current", "unreadable", "gone"]:
        with self._database.writing() as session:
            row = session.scalar(select(PluginSecret).where(*_is_at(place)))
            if row is None:
                return "gone"
            value = self._open(row)
            if value is None:
                return "unreadable"
            if self._keyring.is_current(row.ciphertext):
                return "current"
            self._seal_for(session, row, value, destinations_of(row.bound_to))
            return "resealed"

    def _seal_for(
        self, session: Session, row: PluginSecret, value: str, bound_to: Collection[Destination]
    ) -> None:
        """Writes the destinations into the row and into the sealed value, as records."""
        self._store_key.require(session)
        row.bound_to = [destination.as_row() for destination in sort_destinations(bound_to)]
        try:
            row.ciphertext = self._keyring.seal(canonical_json(_sealed(row, value, SEALED_VERSION)))
        except ConfigurationError:
            raise StorageFailed("The key file cannot be used, so no secret can be stored.") from None
        self._store_key.note(session)

    def _open(self, row: PluginSecret) -> str | None:
        """The plaintext; None if no key decrypts it or if it was sealed for another row than this one."""
        plaintext = self._keyring.open(row.ciphertext)
        if plaintext is None:
            return None
        try:
            sealed = orjson.loads(plaintext)
        except orjson.JSONDecodeError:
            return None
        value, version = (sealed.get("value"), sealed.get("v")) if isinstance(sealed, dict) else (None, None)
        if not isinstance(value, str) or version not in READABLE_VERSIONS:
            return None
        return value if sealed == _sealed(row, value, version) else None


def _sealed(row: PluginSecret, value: str, version: int) -> dict[str, Any]:
    """The sealed content: the value, and everything in the row that says where it belongs."""
    return {
        "v": version,
        "workspace": row.workspace_id,
        "plugin": row.plugin_id,
        "key": row.key,
        "bound_to": list(row.bound_to),
        "value": value,
    }


def _is_at(place: SecretKey) -> Sequence[Any]:
    workspace_id, plugin_id, key = place
    return (
        PluginSecret.workspace_id == workspace_id,
        PluginSecret.plugin_id == plugin_id,
        PluginSecret.key == key,
    )
