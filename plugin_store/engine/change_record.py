"""Who changes what: the entries of the audit log, each written in the transaction of its change.

Whoever begins a change opens a record; the store writes it with the first transaction that changes a row. So a change
that is acknowledged has its entry, and one that is rolled back has none. Values of secrets never get here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

MAX_VALUE_CHARACTERS, MAX_FIELDS, MAX_PARTS, MAX_NAME_CHARACTERS = 200, 50, 1000, 200
# A password in a URL stands in a setting that is no secret.
USERINFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")
INSERT = (
    "INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, address, request_id, what, plugin_id, workspace_id,"
    " notebook_id, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a change, and from where.

    `kind` is `owner_token`, `session`, `token`, `command`, `file`, `server` or `unknown`. `name` is that of the token,
    the browser, the operating system's user, or the file.
    """

    kind: str
    id: int | None = None
    name: str | None = None
    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: what was changed, with the names of fields, and values that are no secrets."""

    what: str
    plugin_id: str | None = None
    workspace_id: int | None = None
    notebook_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class Executes(Protocol):
    """A plain connection of any engine."""

    def execute(self, sql: str, parameters: tuple[Any, ...], /) -> Any: ...


class ChangeRecord:
    """What one request, command or file changes.

    `whole` is the entry for the change as a whole; None if every part of it has an entry of its own.
    """

    def __init__(self, author: Author, whole: Entry | None, clock: Callable[[], float]) -> None:
        self.author = author
        self._whole = whole
        self._clock = clock
        self._parts: list[Entry] = []
        self._written = 0
        self._is_whole_written = whole is None
        self._more: dict[str, Any] = {}

    def add(self, part: Entry) -> None:
        if len(self._parts) < MAX_PARTS:
            self._parts.append(part)

    def tell(self, details: Mapping[str, Any]) -> None:
        """Adds details to the entry for the whole."""
        self._more.update(details)

    def write(self, connection: Executes) -> None:
        """Writes what has no row yet, in the connection's transaction."""
        if not self._is_whole_written and self._whole is not None:
            whole = self._whole
            self._insert(connection, whole, {**whole.details, **self._more})
            self._is_whole_written = True
        for part in self._parts[self._written :]:
            self._insert(connection, part, part.details)
        self._written = len(self._parts)

    def state(self) -> tuple[int, int, bool]:
        return len(self._parts), self._written, self._is_whole_written

    def take_back(self, state: tuple[int, int, bool]) -> None:
        """Forgets what was added and written in a transaction that is rolled back."""
        length, self._written, self._is_whole_written = state
        del self._parts[length:]

    def _insert(self, connection: Executes, entry: Entry, details: Mapping[str, Any]) -> None:
        author, text = self.author, orjson.dumps(bounded(details)).decode() if details else None
        place = entry.plugin_id, entry.workspace_id, entry.notebook_id
        who = author.kind, author.id, _short(author.name), author.address, author.request_id
        connection.execute(INSERT, (self._clock(), *who, entry.what, *map(_short, place), text))


_current: ContextVar[ChangeRecord | None] = ContextVar("change_record", default=None)


def open_record(record: ChangeRecord | None) -> Token[ChangeRecord | None]:
    """Lets changes of this context be recorded there; `close_record` ends it."""
    return _current.set(record)


def close_record(token: Token[ChangeRecord | None]) -> None:
    _current.reset(token)


@contextmanager
def recorded(record: ChangeRecord) -> Iterator[ChangeRecord]:
    """Records changes there, unless whoever called has a record already."""
    if (outer := _current.get()) is not None:
        yield outer
        return
    token = open_record(record)
    try:
        yield record
    finally:
        close_record(token)


def describe_part(what: str, **more: Any) -> None:
    """Gives a part of the present change an entry of its own, with the members of Entry."""
    if (record := _current.get()) is not None:
        record.add(Entry(what, **more))


def describe_whole(**details: Any) -> None:
    """Adds details to the entry of the present change. Never secrets."""
    if (record := _current.get()) is not None:
        record.tell(details)


class RecordedTransaction:
    """A transaction in which the present record, if there is one, is written. On errors the record forgets it."""

    __slots__ = ("_changes", "_record", "_state")

    def __init__(self) -> None:
        self._record = _current.get()
        self._state = None if self._record is None else self._record.state()
        self._changes = 0

    def begin(self, changes: Callable[[], int]) -> None:
        """`changes` counts the rows that were changed so far."""
        if self._record is not None:
            self._changes = changes()

    def end(self, changes: Callable[[], int], connection: Callable[[], Executes]) -> None:
        """Writes the record if a row was changed. The caller commits."""
        if self._record is not None and changes() > self._changes:
            self._record.write(connection())

    def __enter__(self) -> RecordedTransaction:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None and self._record is not None and self._state is not None:
            self._record.take_back(self._state)


def difference(
    before: Mapping[str, Any], after: Mapping[str, Any], secret: Collection[str]
) -> dict[str, Any]:
    """The names of the values that differ, and the values on both sides but for those of secrets."""
    missing = object()
    names = sorted(
        name
        for name in {*before, *after}
        if orjson.dumps(before.get(name, [])) != orjson.dumps(after.get(name, []))
        or (before.get(name, missing) is missing) is not (after.get(name, missing) is missing)
    )
    shown = [name for name in names if name not in secret][:MAX_FIELDS]
    return {
        "fields": names[:MAX_FIELDS],
        "before": {name: before[name] for name in shown if name in before},
        "after": {name: after[name] for name in shown if name in after},
    }


def bounded(details: Mapping[str, Any]) -> dict[str, Any]:
    """The details with long values cut, and without passwords in URLs."""
    return {name: _bounded_member(value) for name, value in details.items()}


def _bounded_member(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            str(key)[:MAX_NAME_CHARACTERS]: _bounded(one) for key, one in list(value.items())[:MAX_FIELDS]
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_bounded(one) for one in list(value)[:MAX_FIELDS]]
    return _bounded(value)


def _bounded(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    masked = USERINFO.sub("••••", text)
    if len(masked) > MAX_VALUE_CHARACTERS:
        return f"{masked[:MAX_VALUE_CHARACTERS]}…"
    return masked if isinstance(value, str) or masked != text else value


def _short(value: Any) -> Any:
    return value[:MAX_NAME_CHARACTERS] if isinstance(value, str) else value
