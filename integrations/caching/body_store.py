"""What the cache needs of the place where bodies are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from sqlalchemy.orm import Session

from plugin_store.engine.database import Connection

Entry = tuple[str, bytes, float]
"""A key, its bytes, and for how many seconds they are kept."""


class BodyStore(ABC):
    """Bytes by key. What cannot be read counts as missing.

    `housekeeping.py` decides when expired entries are dropped and which others are evicted.
    """

    @abstractmethod
    def get(self, key: str) -> bytes | None:
        """The bytes; None if they are missing, expired or damaged."""

    @abstractmethod
    def get_all(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The bytes of those keys that are present, in one lookup."""

    @abstractmethod
    def set(self, key: str, value: bytes, expire_seconds: float) -> bool:
        """Stores the bytes; returns whether they are stored."""

    @abstractmethod
    def keep_all(self, connection: Connection, entries: Sequence[Entry]) -> bool:
        """Stores all entries before their rows, which are written on the connection; else none and returns False."""

    @abstractmethod
    def delete(self, key: str) -> bool:
        """Deletes the key; returns whether it is gone. It may remain where nothing can be written."""

    @abstractmethod
    def delete_all(self, keys: Sequence[str]) -> bool:
        """Like `delete`, for several."""

    @abstractmethod
    def drop_all(self, session: Session, keys: Sequence[str]) -> bool:
        """Like `delete_all`, in the session's transaction, in which their rows are deleted."""

    @abstractmethod
    def lacking(self, keys: Sequence[str]) -> list[str]:
        """Those of the keys under which nothing is stored. May raise StorageFailed."""

    @abstractmethod
    def list_keys(self) -> Iterator[str]:
        """Every key, including expired ones. May raise StorageFailed."""

    @abstractmethod
    def volume_bytes(self) -> int:
        """The approximate space of all entries. May raise StorageFailed."""

    @abstractmethod
    def drop_expired(self) -> None:
        """Deletes expired entries. They are not found before that, but take up space. May raise StorageFailed."""

    @abstractmethod
    def trim_copies(self, limit_bytes: float) -> None:
        """Deletes copies beside this process beyond the limit, where bodies are kept elsewhere."""

    @abstractmethod
    def drop_copies(self, pause: Callable[[float], bool]) -> None:
        """Deletes copies of what is not kept any more. `pause` stops the work by returning True."""

    @abstractmethod
    def close(self) -> None: ...


def batched(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    """The keys in lists of at most `size`."""
    left = iter(keys)
    while batch := list(islice(left, size)):
        yield batch
