"""What every subsystem is built from: the settings, the clock, the store, and the list of services to close."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol, TypeVar

from plugin_store.engine.database import Database
from settings import Settings


class Closable(Protocol):
    """A service that holds threads, files or connections."""

    def close(self) -> None: ...


Service = TypeVar("Service", bound=Closable)


@dataclass(frozen=True, slots=True)
class Runtime:
    """Passed to each subsystem's `build_…`. The clock returns epoch seconds."""

    settings: Settings
    clock: Callable[[], float]
    database: Database
    closing: ExitStack

    def close_at_end(self, service: Service) -> Service:
        """Registers the service to be closed with the app, before all that were registered earlier. Returns it."""
        self.closing.callback(service.close)
        return service
