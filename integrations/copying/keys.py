"""The key that seals a store's secrets. It is not copied; a store that hosts share has its fingerprint."""

from __future__ import annotations

from pathlib import Path

from plugin_store.engine.rows import RowSource, RowTarget
from plugin_store.vault.keyring import Keyring, read_key_file
from plugin_store.vault.store_key import fingerprint_of
from settings import ConfigurationError

_KNOWN = "SELECT fingerprint FROM key_fingerprint"
_NOTE = "INSERT INTO key_fingerprint (id, fingerprint) VALUES (1, ?)"


def fingerprint_at(rows: RowSource, keyring: Keyring, *, is_shared: bool) -> str | None:
    """That of the key that seals at the source; None where it is not known.

    A store that no hosts share does not have it. There it is that of the first key, if the keys are those of the store.
    """
    if is_shared:
        known = rows.query(_KNOWN)
        return known[0][0] if known else None
    keys = keyring.all_keys()
    sealed = [ciphertext for (ciphertext,) in rows.query("SELECT ciphertext FROM plugin_secrets")]
    is_stores = not sealed or any(keyring.open(ciphertext) is not None for ciphertext in sealed)
    return fingerprint_of(keys[0]) if keys and is_stores else None


def has_fingerprint(written: RowTarget, fingerprint: str | None) -> bool:
    """Whether the target knows this one, or none yet."""
    known = written.query(_KNOWN)
    return not known or known[0][0] == fingerprint


def note_fingerprint(written: RowTarget, fingerprint: str | None) -> None:
    """Has the target know it. A target that knows it already stays as it is."""
    if fingerprint is not None and not written.query(_KNOWN):
        written.connection.execute(_NOTE, (fingerprint,))


def require_same_keys(key_file: Path, keyring: Keyring) -> None:
    """Raises ConfigurationError if the key file of the target's folder has none of the keys of the source."""
    if key_file.exists() and not {*read_key_file(key_file)} & {*keyring.all_keys()}:
        raise ConfigurationError(
            f"{key_file} has another key than the one that seals the secrets: name another folder, or replace that "
            "file."
        )
