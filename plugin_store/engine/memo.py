"""Caches values loaded from the store until anything in it changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, TypeVar

Value = TypeVar("Value")

# More than any installation uses at once. The value that was loaded longest ago is evicted first.
MAX_REMEMBERED = 224


class RevisionMemo:
    """Caches values under the store's revision. The first lookup after a change drops them all."""

    def __init__(self, revision: Callable[[], int]) -> None:
        self._revision = revision
        self._remembered: tuple[int, dict[Hashable, Any]] = (-1, {})

    def get(self, key: Hashable, load: Callable[[], Value], revision: int | None = None) -> Value:
        """The value under `key`, loaded if the store has changed since. A failure is not cached.

        A caller that has read the `revision` since its request arrived, and changed nothing itself, may pass it.
        """
        # The revision is read before the rows: a change in between causes a second load, never an old value.
        if revision is None:
            revision = self._revision()
        remembered_at, values = self._remembered
        if remembered_at != revision:
            values = {}
            self._remembered = (revision, values)
        try:
            return values[key]
        except KeyError:
            value = values[key] = load()
        if len(values) > MAX_REMEMBERED:
            # Another thread may be evicting too.
            with suppress(StopIteration, RuntimeError):
                values.pop(next(iter(values)), None)
        return value
