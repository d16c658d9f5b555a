"""Single flight: one fetch for all callers that ask for the same thing at the same time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, wait
from typing import Any, Generic, TypeVar

from integrations.concurrency.interpreter_slots import released_slot

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Runs one function per key at a time. Callers that come while it runs get its result or its error."""

    def __init__(self) -> None:
        self._flights: dict[str, Future[Result]] = {}
        self._waiting: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self) -> int:
        """The number of running fetches."""
        return len(self._flights)

    def waiting(self, key: str) -> int:
        """The number of callers that wait for the key's fetch, without the one that fetches."""
        with self._lock:
            return self._waiting.get(key, 0)

    def run(
        self,
        key: str,
        fetch: Callable[[], Result],
        is_reserved_refusal: Callable[[Exception], bool] = lambda _error: False,
    ) -> Result:
        """What `fetch` returns or raises, from the first caller.

        If another caller's fetch ends in an error for which `is_reserved_refusal` is true, it is fetched again.
        """
        while True:
            flight, is_mine = self._board(key)
            if is_mine:
                return self._fly(key, flight, fetch)
            with self._lock:
                self._waiting[key] += 1
            try:
                with released_slot():
                    return flight.result()
            except CancelledError:
                # It was submitted to a pool but never started.
                continue
            except Exception as error:
                if not is_reserved_refusal(error):
                    raise

    def start(
        self, key: str, fetch: Callable[[], Result], submit: Callable[[Callable[[], None]], Future[Any]]
    ) -> None:
        """Submits the fetch to a pool, unless it is running already. Nobody receives its error."""
        flight, is_mine = self._board(key)
        if not is_mine:
            return

        def fly() -> None:
            try:
                self._fly(key, flight, fetch)
            except Exception:
                return

        def drop_if_cancelled(work: Future[Any]) -> None:
            # The pool is closed at shutdown, and waiting callers must not wait for ever.
            if work.cancelled():
                self._land(key)
                flight.cancel()

        submit(fly).add_done_callback(drop_if_cancelled)

    def wait(self, timeout_seconds: float) -> None:
        """Returns when all fetches that run now have ended, or after the timeout."""
        with self._lock:
            flights = list(self._flights.values())
        wait(flights, timeout_seconds)

    def _board(self, key: str) -> tuple[Future[Result], bool]:
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Future()
            return flight, True

    def _fly(self, key: str, flight: Future[Result], fetch: Callable[[], Result]) -> Result:
        try:
            result = fetch()
        except BaseException as error:
            self._land(key)
            flight.set_exception(error)
            raise
        self._land(key)
        flight.set_result(result)
        return result

    def _land(self, key: str) -> None:
        with self._lock:
            self._flights.pop(key, None)
            self._waiting.pop(key, None)
