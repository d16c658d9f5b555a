"""Named locks among all processes on a store, for work that only one of them should do."""

from __future__ import annotations

from abc import ABC, abstractmethod


class LeaderLock(ABC):
    """The leader lock of one task: at most one process holds it at a time."""

    @abstractmethod
    def take(self) -> bool:
        """Takes the lock, unless this process has it, and returns whether this process is the leader. Never waits.

        A leader calls it before each round, because its lock may be lost. Where no lock can be had, nobody leads.
        """

    @abstractmethod
    def release(self) -> None:
        """Lets another process lead."""


class Locks(ABC):
    """The locks that one process, or one app of it, holds. The death of a process or of its host gives them back.

    Who waits for a lock asks for it again and again.
    """

    @abstractmethod
    def acquire(self, name: str) -> bool:
        """Takes the lock for the caller until its release; False if another process or another caller has it.

        Where no lock can be had everybody gets it: a redundant call is better than none. So a lock saves work, and
        what must never be done twice is decided in the store as well.
        """

    @abstractmethod
    def release(self, name: str) -> None:
        """Releases a lock that `acquire` gave. Does nothing if another holder has it."""

    @abstractmethod
    def leader(self, name: str) -> LeaderLock:
        """The leader lock of a task, not taken yet."""

    @abstractmethod
    def close(self) -> None:
        """Releases all locks."""
