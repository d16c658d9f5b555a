"""The archive of a backup: a tar, compressed if its name says so, with `manifest.json` first.

The reader takes plain files only, in the order and of the sizes that the manifest lists. So an archive that anybody may
have written cannot make it read more than the manifest says, follow a link or leave the folder.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from integrations.backup.contents import MANIFEST_NAME, Contents, Member, UnusableBackup, read_contents

CHUNK_BYTES = 1024 * 1024
MAX_MANIFEST_BYTES = 512 * 1024 * 1024
COMPRESSED = (".gz", ".tgz")
GZIP_MAGIC = b"\x1f\x8b"
TRUNCATED = "It is truncated."

Sink = Callable[[Member], IO[bytes] | None]
"""Where a member's bytes go; None if they are only checked."""
Told = Callable[[int], None]
"""Is told how many bytes were read or written."""


def write_archive(target: IO[bytes], name: str, folder: Path, contents: Contents, told: Told) -> None:
    """Writes the files of `folder` that the contents list. Raises OSError."""
    with (
        _compressing(target, name) as stream,
        tarfile.open(mode="w|", fileobj=stream, format=tarfile.GNU_FORMAT) as tar,
    ):
        manifest = contents.as_json()
        tar.addfile(_header(MANIFEST_NAME, len(manifest)), io.BytesIO(manifest))
        for member in contents.files:
            with (folder / member.name).open("rb") as file:
                tar.addfile(_header(member.name, member.size), file)
            told(member.size)


def read_archive(path: Path, accept: Callable[[Contents], Sink], told: Told = lambda _size: None) -> Contents:
    """Reads and checks the whole archive, and returns its contents.

    `accept` sees the contents before anything else is read, and says where the files go. Raises UnusableBackup, and
    OSError for a file that cannot be read or written.
    """
    try:
        with path.open("rb") as file, _decompressing(file) as stream:
            contents = read_contents(
                b"".join(_body(stream, _read_header(stream, MANIFEST_NAME, MAX_MANIFEST_BYTES)))
            )
            sink = accept(contents)
            for member in contents.files:
                _read_member(stream, member, sink(member), told)
            return contents
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UnusableBackup(TRUNCATED) from None


def check_archive(path: Path) -> Contents:
    """Reads the whole archive and compares its checksums. Raises UnusableBackup and OSError."""
    return read_archive(path, lambda _contents: lambda _member: None)


def digest_of(path: Path) -> tuple[int, str]:
    """The file's size and its SHA-256 in hex."""
    size, digest = 0, hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            size += len(chunk)
            digest.update(chunk)
    return size, digest.hexdigest()


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


def _read_member(stream: IO[bytes], member: Member, target: IO[bytes] | None, told: Told) -> None:
    try:
        size = _read_header(stream, member.name, member.size)
        if size != member.size:
            raise UnusableBackup(f"{member.name} has another size than the manifest says.")
        digest = hashlib.sha256()
        for chunk in _body(stream, size):
            digest.update(chunk)
            if target is not None:
                target.write(chunk)
            told(len(chunk))
    finally:
        if target is not None:
            target.close()
    if digest.hexdigest() != member.sha256:
        raise UnusableBackup(f"{member.name} is damaged: its checksum differs.")


def _read_header(stream: IO[bytes], name: str, max_size: int) -> int:
    """The size of the next member, which must be a plain file of that name."""
    block = _read_exactly(stream, tarfile.BLOCKSIZE)
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, ValueError):
        raise UnusableBackup(f"It is no backup, or it is damaged before {name}.") from None
    if header.type != tarfile.REGTYPE or header.name != name or not 0 <= header.size <= max_size:
        raise UnusableBackup(f"{name} is not where it should be.")
    return header.size


def _body(stream: IO[bytes], size: int) -> Iterator[bytes]:
    left = size
    while left:
        chunk = _read_exactly(stream, min(left, CHUNK_BYTES))
        left -= len(chunk)
        yield chunk
    _read_exactly(stream, -size % tarfile.BLOCKSIZE)


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            raise UnusableBackup(TRUNCATED)
        data += more
    return data


@contextmanager
def _compressing(target: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    if not name.endswith(COMPRESSED):
        yield target
        return
    with gzip.GzipFile(filename="", mode="wb", fileobj=target, compresslevel=6, mtime=0) as stream:
        yield cast(Any, stream)


@contextmanager
def _decompressing(file: IO[bytes]) -> Iterator[IO[bytes]]:
    magic = file.read(len(GZIP_MAGIC))
    file.seek(0)
    if magic != GZIP_MAGIC:
        yield file
        return
    with gzip.GzipFile(mode="rb", fileobj=file) as stream:
        yield cast(Any, stream)
