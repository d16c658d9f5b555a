"""Makes a backup of the data folder while servers use it."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from errors import StorageFailed
from integrations.backup.archive import check_archive, digest_of, write_archive
from integrations.backup.contents import CACHE_DATABASE, NAME, Contents, Member
from plugin_store.engine.files import PRIVATE_MODE, exclusive_lock
from plugin_store.engine.sqlite.file import DATABASE_NAME
from plugin_store.engine.sqlite.snapshot import check_database, copy_database, read_revision, shrink_copy
from settings import version

_log = logging.getLogger(__name__)

STAGING_PREFIX = ".backup-"
LOCK_NAME = ".backup.lock"
# Sign-ins belong to the server that they were made at. Without bodies, an artifact's row leads nowhere.
LEFT_OUT = ("DELETE FROM sessions",)
LEFT_OUT_WITHOUT_ARTIFACTS = (*LEFT_OUT, "DELETE FROM integration_artifacts")

USE_PG_DUMP = "The store is on PostgreSQL: make backups with pg_dump, and restore them with pg_restore."

Progress = Callable[[str, int, int], None]
"""Takes a step's name, how much is done, and of how much."""


def make_backup(
    instance: Path, target: Path, now: float, *, with_artifacts: bool, progress: Progress = lambda *_: None
) -> Contents:
    """Writes a backup of the folder to `target`, reads it again to verify it, and returns its contents.

    It never contains the key, the token or sign-ins. Raises StorageFailed; then nothing is left at `target`. Raises
    FileExistsError, since an existing file is not replaced.
    """
    if target.exists():
        raise FileExistsError(target)
    try:
        with exclusive_lock(instance / LOCK_NAME), _staging(instance) as staging:
            _copy(instance, staging, progress, with_artifacts=with_artifacts)
            contents = _contents_of(staging, now, with_artifacts=with_artifacts)
            _write(target, staging, contents, progress)
    except FileExistsError:
        raise
    except OSError as error:
        raise StorageFailed(
            f"The backup cannot be written: {error.strerror or 'the archive is damaged'}."
        ) from None
    return contents


@contextmanager
def _staging(instance: Path) -> Iterator[Path]:
    """A private folder beside the data. Those that a killed process left are removed; the lock is held."""
    for stale in instance.glob(f"{STAGING_PREFIX}*"):
        if stale.is_dir():
            shutil.rmtree(stale, ignore_errors=True)
    folder = instance / f"{STAGING_PREFIX}{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(instance: Path, staging: Path, progress: Progress, *, with_artifacts: bool) -> None:
    database = staging / DATABASE_NAME
    copy_database(instance / DATABASE_NAME, database, lambda *done: progress("database", *done))
    shrink_copy(database, LEFT_OUT if with_artifacts else LEFT_OUT_WITHOUT_ARTIFACTS)
    check_database(database)
    cache = instance / CACHE_DATABASE
    if with_artifacts and cache.exists():
        (staging / "cache").mkdir()
        copy_database(cache, staging / CACHE_DATABASE)
        _link_bodies(instance, staging)


def _link_bodies(instance: Path, staging: Path) -> None:
    """Takes the cache's files by hard links. They are written once, so a link is a copy that costs nothing."""
    for path in (instance / "cache").glob("??/??/*.val"):
        name = path.relative_to(instance).as_posix()
        if NAME.fullmatch(name):
            copy = staging / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            # It may have been evicted since: a missing body is fetched again.
            with suppress(FileNotFoundError):
                _link_or_copy(path, copy)


def _link_or_copy(path: Path, copy: Path) -> None:
    try:
        os.link(path, copy, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:
        # A file system without hard links.
        shutil.copyfile(path, copy, follow_symlinks=False)


def _contents_of(staging: Path, now: float, *, with_artifacts: bool) -> Contents:
    paths = sorted(path for path in staging.rglob("*") if path.is_file() and not path.is_symlink())
    names = [path.relative_to(staging).as_posix() for path in paths]
    ordered = [DATABASE_NAME, *(name for name in names if name != DATABASE_NAME)]
    return Contents(
        patchbay=version(),
        schema=read_revision(staging / DATABASE_NAME) or "",
        created_at=datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        artifacts=with_artifacts,
        files=tuple(Member(name, *digest_of(staging / name)) for name in ordered if NAME.fullmatch(name)),
    )


def _write(target: Path, staging: Path, contents: Contents, progress: Progress) -> None:
    """Writes the archive beside its name, verifies it, and gives it its name when it is whole."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    done = 0

    def tell(size: int) -> None:
        nonlocal done
        done += size
        progress("archive", done, contents.size_bytes)

    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write_archive(file, target.name, staging, contents, tell)
            file.flush()
            os.fsync(file.fileno())
        try:
            check_archive(temporary)
        except ValueError as error:
            raise StorageFailed(f"The backup that was written is not whole. {error}") from None
        # Unlike a rename, a link never replaces a file.
        os.link(temporary, target)
    finally:
        with suppress(OSError):
            temporary.unlink()
