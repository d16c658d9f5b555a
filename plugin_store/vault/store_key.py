"""Which key seals the secrets of a store that hosts share: the store keeps its fingerprint, never the key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from errors import StorageFailed
from plugin_store.engine.database import Database
from plugin_store.shared_models import KeyFingerprint
from plugin_store.vault.keyring import Keyring

_CONTENT = b"patchbay: fingerprint of a key"
ANOTHER_KEY = (
    "This server has another key than the one that seals the secrets of this store: set the same PATCHBAY_SECRET_KEY "
    "on every host. Until then it stores no secret, and cannot read those that are sealed with the other key."
)


def fingerprint_of(key: str) -> str:
    """A keyed hash of a constant (HMAC, RFC 2104, with SHA-256), from which nobody learns the key."""
    return hmac.new(key.encode(), _CONTENT, hashlib.sha256).hexdigest()


class StoreKey:
    """The fingerprint of the key that sealed last. Who does not have this key seals nothing.

    Where one data folder has the store and the key file, there is nothing to compare.
    """

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    def is_mine(self) -> bool:
        """Whether this process has the key, or the store knows none yet. Raises StorageFailed."""
        if not self._database.spans_hosts:
            return True
        with self._database.reading() as session:
            return self._is_mine(session)

    def require(self, session: Session) -> None:
        """Raises StorageFailed unless this process may seal. In the transaction that seals."""
        if self._database.spans_hosts and not self._is_mine(session):
            raise StorageFailed(ANOTHER_KEY)

    def note(self, session: Session) -> None:
        """Notes that the first key seals from now on, unless the store knows a key that this process does not have."""
        if self._database.spans_hosts and self._is_mine(session):
            self.replace(session)

    def replace(self, session: Session) -> None:
        """Notes that the first key seals from now on, whatever the store knows. Does nothing without a key."""
        if self._database.spans_hosts and (mine := self._mine()):
            session.merge(KeyFingerprint(id=1, fingerprint=mine[0]))

    def _is_mine(self, session: Session) -> bool:
        known = session.scalar(select(KeyFingerprint.fingerprint))
        return known is None or known in self._mine()

    def _mine(self) -> Sequence[str]:
        return [fingerprint_of(key) for key in self._keyring.all_keys()]


def has_store_key(database: Database) -> bool:
    """Whether a key has sealed secrets of this store. In that case no other one may be created at start."""
    if not database.spans_hosts:
        return False
    with database.reading() as session:
        return session.scalar(select(KeyFingerprint.id)) is not None
