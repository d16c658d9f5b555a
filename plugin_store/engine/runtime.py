"""What every subsystem is built from: the settings, the clock, the store, and the list of what to close at the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol, TypeVar

from plugin_store.engine.database import Database
from settings import Settings


class Closable(Protocol):
    """What holds threads, files or connections."""

    def close(self) -> None: ...


Service = TypeVar("Service", bound=Closable)


@dataclass(frozen=True, slots=True)
class Runtime:
    """Handed to each subsystem's `build_…`. The clock gives epoch seconds."""

    settings: Settings
    clock: Callable[[], float]
    database: Database
    closing: ExitStack

    def close_at_end(self, service: Service) -> Service:
        """The service, closed when the app is: before all that was handed in earlier."""
        self.closing.callback(service.close)
        return service
