"""Name lookups with a time limit, which the operating system's own call does not have."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from ipaddress import ip_address
from typing import Any

from errors import UpstreamUnreachable
from integrations.egress.addresses import Address
from integrations.egress.deadline import CallDeadline

Resolve = Callable[..., list[tuple[Any, ...]]]

MAX_THREADS = 16

_Question = tuple[str, int]


class NameResolver:
    """Looks up the addresses of a name in a few daemon threads; one that hangs blocks nobody.

    Those who ask for the same name at the same time share one look-up, so a name whose servers hang keeps one
    thread busy, not all.
    """

    def __init__(self, resolve: Resolve = socket.getaddrinfo, max_threads: int = MAX_THREADS) -> None:
        self._resolve = resolve
        self._max_threads = max_threads
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._pending: dict[_Question, Future[list[Address]]] = {}
        self._lock = threading.Lock()
        self._idle = threading.Semaphore(0)
        self._thread_count = 0

    def addresses_of(self, host: str, port: int, watch: CallDeadline) -> list[Address]:
        """Every address of the name, each once, in the resolver's order.

        Raises UpstreamUnreachable (reason "dns") or DeadlineExceeded.
        """
        answer = self._ask((host, port))
        try:
            return answer.result(timeout=watch.remaining_seconds())
        except TimeoutError:
            # The lookup itself may time out too.
            raise _not_found() if answer.done() else watch.failure() from None
        except (OSError, ValueError, LookupError):
            raise _not_found() from None

    def close(self) -> None:
        """End the idle threads; one that hangs ends with its lookup."""
        for _ in range(self._thread_count):
            self._questions.put(None)

    def _ask(self, question: _Question) -> Future[list[Address]]:
        with self._lock:
            pending = self._pending.get(question)
            if pending is not None:
                return pending
            answer: Future[list[Address]] = Future()
            self._pending[question] = answer
            self._questions.put(question)
            if not self._idle.acquire(blocking=False) and self._thread_count < self._max_threads:
                self._thread_count += 1
                threading.Thread(target=self._work, name="egress-names", daemon=True).start()
            return answer

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            try:
                outcome: list[Address] | Exception = self._look_up(question)
            except Exception as error:
                # Whatever the error is, the waiting threads must get it.
                outcome = error
            with self._lock:
                answer = self._pending.pop(question)
            self._idle.release()
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    def _look_up(self, question: _Question) -> list[Address]:
        host, port = question
        records = self._resolve(host, port, type=socket.SOCK_STREAM)
        # A link-local address comes with its interface: fe80::1%eth0.
        found = dict.fromkeys(ip_address(str(record[4][0]).partition("%")[0]) for record in records)
        if not found:
            raise LookupError
        return list(found)


def _not_found() -> UpstreamUnreachable:
    return UpstreamUnreachable("The provider's name cannot be found.", reason="dns")
