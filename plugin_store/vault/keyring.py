"""The keys that encrypt secrets: from the settings, or from a file that only its owner may read."""

from __future__ import annotations

import base64
import os
import stat
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from plugin_store.engine.files import create_private_file, exclusive_lock, replace_private_file
from settings import FERNET_KEY_BYTES, ConfigurationError, require_fernet_key

MAX_FILE_SIZE_BYTES = 64 * 1024


class FileState(NamedTuple):
    """The file attributes that change when a key file changes."""

    inode: int
    size_bytes: int
    modified_ns: int


class Keyring:
    """Fernet keys: the first encrypts, all decrypt. An empty keyring can decrypt nothing.

    With a file, it follows changes by other processes: a key that they add is loaded when it is needed.
    """

    def __init__(self, keys: Sequence[str] = (), key_file: Path | None = None) -> None:
        self._key_file = key_file
        self._lock = threading.Lock()
        self._state: FileState | None = None
        self._keys = tuple(keys)
        self._follow_file()

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._keys)} keys>"

    def seal(self, plaintext: bytes) -> str:
        """The ciphertext under the first key, which is in the key file by then. Raises ConfigurationError."""
        self._follow_file()
        if self._key_file is not None and (not self._keys or not self._key_file.exists()):
            self._make_file(self._key_file)
        return _fernet().Fernet(self._keys[0]).encrypt(plaintext).decode("ascii")

    def open(self, ciphertext: str) -> bytes | None:
        """The plaintext, or None if no key decrypts it."""
        opened = _decrypt(self._keys, ciphertext)
        if opened is None:
            with suppress(ConfigurationError):
                opened = _decrypt(self._keys, ciphertext) if self._follow_file() else None
        return opened

    def is_current(self, ciphertext: str) -> bool:
        """Whether the first key encrypted it. Raises ConfigurationError."""
        self._follow_file()
        return _decrypt(self._keys[:1], ciphertext) is not None

    def add_key(self) -> None:
        """Adds a new first key, which encrypts from now on. Raises ConfigurationError."""
        self._rewrite(lambda keys: [_new_key(), *keys])

    def all_keys(self) -> tuple[str, ...]:
        """All keys, the one that encrypts first. A file that cannot be read changes nothing."""
        with suppress(ConfigurationError):
            self._follow_file()
        return self._keys

    def export_keys(self) -> tuple[str, ...]:
        """All keys, for a copy that a passphrase protects. Raises ConfigurationError if there are none."""
        self._follow_file()
        if not self._keys:
            raise ConfigurationError("There is no key to export.")
        return self._keys

    def import_keys(self, keys: Sequence[str]) -> int:
        """Adds the keys that are missing, behind those that are there. Returns their number.

        Where there is no key yet, the first one encrypts from now on. Raises ConfigurationError.
        """
        added = 0

        def add(present: list[str]) -> list[str]:
            nonlocal added
            new = [key for key in dict.fromkeys(keys) if key not in present]
            added = len(new)
            return [*present, *new]

        self._rewrite(add)
        return added

    def drop_old_keys(self) -> None:
        """Keeps only the first key. Secrets that an older key encrypted are lost. Raises ConfigurationError."""
        self._rewrite(lambda keys: keys[:1])

    def _rewrite(self, change: Callable[[list[str]], list[str]]) -> None:
        if self._key_file is None:
            raise ConfigurationError("PATCHBAY_SECRET_KEY sets the keys: change them there.")
        try:
            with exclusive_lock(self._key_file.with_name(f".{self._key_file.name}.lock")):
                keys = read_key_file(self._key_file) if self._key_file.exists() else []
                replace_private_file(self._key_file, _text(change(keys)))
        except OSError:
            raise ConfigurationError(f"The key file {self._key_file} cannot be written.") from None
        self._follow_file()

    def _make_file(self, key_file: Path) -> None:
        # A key file that was deleted while the server runs is written again with the current keys.
        _create_key_file(key_file, self._keys or [_new_key()])
        self._follow_file()

    def _follow_file(self) -> bool:
        """Reads the file again if it changed, and returns True then. A deleted file changes nothing."""
        state = _state_of(self._key_file)
        if self._key_file is None or state is None or state == self._state:
            return False
        with self._lock:
            self._keys = tuple(read_key_file(self._key_file))
            # The state is taken before reading: a change in between causes another read and is never missed.
            self._state = state
        return True


def load_keyring(secret_keys: Sequence[str], key_file: Path, *, may_create: bool) -> Keyring:
    """The keys of the settings, else those of the key file, which is created if `may_create`.

    Without a file that may be created, the keyring is empty until a secret is encrypted. Raises ConfigurationError for
    a file that others may read or that contains no Fernet keys.
    """
    if secret_keys:
        return Keyring(secret_keys)
    if may_create and not key_file.exists():
        _create_key_file(key_file, [_new_key()])
    return Keyring(key_file=key_file)


def read_key_file(path: Path) -> list[str]:
    """The keys in the file, one per line. Raises ConfigurationError, which never shows the file's content."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        raise ConfigurationError(f"The key file {path} cannot be read.") from None
    try:
        # Checked on the open file, so that it cannot be replaced between check and read.
        _check_privacy(path, os.fstat(descriptor))
        lines = os.read(descriptor, MAX_FILE_SIZE_BYTES).split()
    finally:
        os.close(descriptor)
    try:
        keys = [line.decode("ascii") for line in lines]
        for key in keys:
            require_fernet_key(key)
    except ValueError:
        raise ConfigurationError(
            f"The key file {path} holds something that is not a Fernet key: restore it from a copy."
        ) from None
    if not keys:
        raise ConfigurationError(
            f"The key file {path} is empty: restore it, or delete it to create a new key."
        )
    return keys


def _check_privacy(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"The key file {path} is not a regular file.")
    if status.st_uid != os.geteuid():
        raise ConfigurationError(f"The key file {path} belongs to another user.")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise ConfigurationError(f"The key file {path} can be reached by others: run `chmod 600 {path}`.")


def _state_of(path: Path | None) -> FileState | None:
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return FileState(status.st_ino, status.st_size, status.st_mtime_ns)


def _create_key_file(path: Path, keys: Sequence[str]) -> None:
    try:
        # If another process created the file first, its key is used.
        with suppress(FileExistsError):
            create_private_file(path, _text(keys))
    except OSError:
        raise ConfigurationError(f"The key file {path} cannot be written.") from None
    if not path.exists():
        raise ConfigurationError(f"The key file {path} is a symbolic link without a target.")


def _decrypt(keys: Sequence[str], ciphertext: str) -> bytes | None:
    if not keys:
        return None
    fernet = _fernet()
    try:
        token = ciphertext.encode("ascii")
        return fernet.MultiFernet([fernet.Fernet(key) for key in keys]).decrypt(token)
    except (fernet.InvalidToken, UnicodeEncodeError):
        return None


def _fernet() -> Any:
    """Fernet's module, loaded with the first secret, because it loads a whole OpenSSL."""
    from cryptography import fernet  # noqa: PLC0415

    return fernet


def _new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(FERNET_KEY_BYTES)).decode("ascii")


def _text(keys: Sequence[str]) -> bytes:
    return "".join(f"{key}\n" for key in keys).encode("ascii")
