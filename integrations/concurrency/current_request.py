"""The request that a thread works for, also on the threads that help with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from integrations.concurrency.spans import NO_SPAN, current_span, within

Result = TypeVar("Result")

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """The id of the request that this thread works for; None for work that no request caused."""
    return _current.get()


@contextmanager
def serving(request_id: str | None) -> Iterator[None]:
    """What runs in this context works for the request."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)


def carried(work: Callable[[], Result]) -> Callable[[], Result]:
    """The work, done for the present request whichever thread does it."""
    request_id, parent = _current.get(), current_span()
    if request_id is None and parent is NO_SPAN:
        return work

    def run() -> Result:
        with serving(request_id), within(parent):
            return work()

    return run
