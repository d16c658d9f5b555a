"""Restores a backup into an empty data folder: everything, or nothing."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from errors import StorageFailed
from integrations.backup.archive import Sink, read_archive
from integrations.backup.contents import Contents, Member, UnusableBackup, newer_than
from plugin_store.engine.files import PRIVATE_MODE, make_instance_folder
from plugin_store.engine.opening import known_revisions
from plugin_store.engine.sqlite.file import DATABASE_NAME
from plugin_store.engine.sqlite.snapshot import check_database, read_revision
from settings import ConfigurationError

STAGING_PREFIX = ".restore-"
# A migration may need as much room again as the database.
ROOM_FACTOR = 2

Migrate = Callable[[Path], None]
"""Brings the database in a folder to this version's tables, and closes it."""
Progress = Callable[[int, int], None]
"""Takes how many bytes are done, and of how many."""


def restore_backup(
    archive: Path,
    instance: Path,
    kept: Collection[str],
    migrate: Migrate,
    progress: Progress = lambda _done, _total: None,
) -> Contents:
    """Restores the archive into the folder, and returns its contents.

    The folder must be empty, except for files named in `kept`: a key and a token may be there before. Raises
    ConfigurationError and StorageFailed; then the folder is as it was.
    """
    make_instance_folder(instance)
    _require_empty(instance, kept)
    try:
        with _staging(instance) as staging:
            contents = _extract(archive, staging, progress)
            check_database(staging / DATABASE_NAME)
            _require_known(read_revision(staging / DATABASE_NAME) or "", contents)
            migrate(staging)
            # A server may have been started meanwhile, and has begun a data folder of its own.
            _require_empty(instance, {*kept, staging.name})
            _move(staging, instance)
    except FileExistsError:
        raise ConfigurationError(
            f"{instance} was put to use during the restore. Stop the server, empty the folder and try again."
        ) from None
    except UnusableBackup as error:
        raise ConfigurationError(f"{archive} cannot be restored. {error}") from None
    except OSError as error:
        raise StorageFailed(f"{archive} cannot be restored: {error.strerror}.") from None
    return contents


def _require_empty(instance: Path, kept: Collection[str]) -> None:
    for path in instance.iterdir():
        if path.name in kept:
            continue
        if path.name.startswith(STAGING_PREFIX) and path.is_dir() and not path.is_symlink():
            # What a killed restore left.
            shutil.rmtree(path)
        else:
            raise ConfigurationError(
                f"{instance} is not empty (it holds {path.name}): a backup is restored into an empty folder only."
            )


@contextmanager
def _staging(instance: Path) -> Iterator[Path]:
    folder = instance / f"{STAGING_PREFIX}{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _extract(archive: Path, staging: Path, progress: Progress) -> Contents:
    done, total = 0, 0

    def accept(contents: Contents) -> Sink:
        nonlocal total
        total = contents.size_bytes
        _require_known(contents.schema, contents)
        if total * ROOM_FACTOR > shutil.disk_usage(staging).free:
            raise UnusableBackup(f"There is too little room for its {total} bytes.")
        return open_member

    def open_member(member: Member) -> IO[bytes]:
        path = staging / member.name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_MODE
        )
        return os.fdopen(descriptor, "wb")

    def tell(size: int) -> None:
        nonlocal done
        done += size
        progress(done, total)

    return read_archive(archive, accept, tell)


def _require_known(schema: str, contents: Contents) -> None:
    if newer_than(schema, known_revisions()):
        raise UnusableBackup(
            f"Patchbay {contents.patchbay} made it, whose tables (revision {contents.schema}) are newer than this "
            f"version's (up to {max(known_revisions())}): restore it with that version."
        )


def _move(staging: Path, instance: Path) -> None:
    """The database last: a folder without one is no data folder. Neither replaces what is there by now.

    Raises OSError; then nothing was moved.
    """
    has_cache = (staging / "cache").exists()
    if has_cache:
        # Fails where a cache has files already.
        (staging / "cache").rename(instance / "cache")
    try:
        _move_new(staging / DATABASE_NAME, instance / DATABASE_NAME)
    except OSError:
        if has_cache:
            with suppress(OSError):
                (instance / "cache").rename(staging / "cache")
        raise


def _move_new(source: Path, target: Path) -> None:
    """Moves a file without replacing another one, as a rename would. Raises FileExistsError and OSError."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: the name is taken first, and what is replaced then is our own.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE))
        source.rename(target)
        return
    source.unlink()
