"""Spans: what a request's time was spent on, for a tracer that somebody has set. Without one they cost nothing.

Names and attributes hold ids and our own words, never an address that is called, a value or an error's text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Protocol

Value = str | int


class Span(Protocol):
    """A piece of work that is being done."""

    def rename(self, name: str) -> None: ...

    def note(self, name: str, value: Value) -> None: ...

    def end(self, error: BaseException | None) -> None: ...


Begin = Callable[[str, Span | None, Mapping[str, Value], Mapping[str, str]], Span]
"""Begins a span by its name, its parent, its attributes, and the headers that may name a parent in another process."""

_current: ContextVar[Span | None] = ContextVar("span", default=None)


class _NoSpan:
    """A span that nobody traces, and the context manager of it."""

    def rename(self, name: str) -> None: ...

    def note(self, name: str, value: Value) -> None: ...

    def end(self, error: BaseException | None) -> None: ...

    def __enter__(self) -> Span:
        return self

    def __exit__(self, *_exc: object) -> None: ...


NO_SPAN = _NoSpan()


class _Tracing:
    """Who begins spans in this process; None while nobody traces."""

    begin: Begin | None = None


def trace_with(begin: Begin | None) -> None:
    """Spans are begun by `begin` from now on."""
    _Tracing.begin = begin


def span(
    name: str, attributes: Mapping[str, Value] | None = None, headers: Mapping[str, str] | None = None
) -> AbstractContextManager[Span]:
    """A span around what runs in this context, below the present one."""
    if _Tracing.begin is None:
        return NO_SPAN
    return _running(_Tracing.begin(name, _current.get(), attributes or {}, headers or {}))


@contextmanager
def _running(begun: Span) -> Iterator[Span]:
    error: BaseException | None = None
    try:
        with within(begun):
            yield begun
    except BaseException as raised:
        error = raised
        raise
    finally:
        begun.end(error)


def current_span() -> Span:
    """The span of the present work; one that does nothing if nobody traces."""
    return _current.get() or NO_SPAN


class within:  # noqa: N801 - a context manager, as those of contextlib are named
    """Spans that are begun in this context stand below `parent`, which may have ended."""

    __slots__ = ("_parent", "_token")

    def __init__(self, parent: Span | None) -> None:
        self._parent = parent

    def __enter__(self) -> None:
        self._token = _current.set(self._parent)

    def __exit__(self, *_exc: object) -> None:
        _current.reset(self._token)
