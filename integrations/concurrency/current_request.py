"""The request that a thread works for, also on the threads that help with it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from integrations.concurrency.spans import NO_SPAN, current_span, within

Result = TypeVar("Result")

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """The id of the request that this thread works for; None for work that no request caused."""
    return _current.get()


class serving:  # noqa: N801 - a context manager, as those of contextlib are named
    """What runs in this context works for the request. A class, because a request enters several of them."""

    __slots__ = ("_request_id", "_token")

    def __init__(self, request_id: str | None) -> None:
        self._request_id = request_id

    def __enter__(self) -> None:
        self._token = _current.set(self._request_id)

    def __exit__(self, *_exc: object) -> None:
        _current.reset(self._token)


def carried(work: Callable[[], Result]) -> Callable[[], Result]:
    """The work, done for the present request whichever thread does it."""
    request_id, parent = _current.get(), current_span()
    if request_id is None and parent is NO_SPAN:
        return work

    def run() -> Result:
        with serving(request_id), within(parent):
            return work()

    return run
