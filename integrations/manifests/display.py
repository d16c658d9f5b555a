"""A block's `display`, as far as the backend reads it, and the fields that it names. Pure.

Reading never fails: what has the wrong type counts as missing, because manifests that were registered before `display`
was validated go on working.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from schemas.manifests.words import DISPLAY_KINDS, LEVELS, MAX_HISTORY_SECONDS

Level = Literal["good", "warn", "bad"]
BARE_VALUE = "value"
"""The name under which a bare number or text is drawn."""

_UNIT_SECONDS = {"h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"([1-9][0-9]{0,5})([hdw])")


@dataclass(frozen=True, slots=True)
class Threshold:
    """From a number on, or below one, a value has this level."""

    level: Level
    from_: float = -math.inf
    below: float = math.inf

    def applies(self, value: float) -> bool:
        """Whether the value has this level, if no later threshold applies."""
        return self.from_ <= value < self.below


@dataclass(frozen=True, slots=True)
class History:
    """Which numeric fields keep a sample of each fetched answer, and how long."""

    keep_seconds: float
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Display:
    """How a block is drawn. `kind` is None where it is derived from the data."""

    kind: str | None = None
    value: str | None = None
    fields: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, tuple[Threshold, ...]] = field(default_factory=dict)
    history: History | None = None


def read_display(declared: Any) -> Display:
    """The display that a block declares; an empty one for what is no object."""
    if not isinstance(declared, Mapping):
        return Display()
    value = _text(declared.get("value"))
    kind = declared.get("kind", declared.get("as"))
    return Display(
        kind=kind if isinstance(kind, str) and kind in DISPLAY_KINDS else None,
        value=value,
        fields=_texts(declared.get("fields")),
        labels=_texts_by_field(declared.get("labels")),
        units=_texts_by_field(declared.get("units")),
        thresholds=_read_thresholds(declared.get("thresholds")),
        history=_read_history(declared.get("history"), value),
    )


def level_of(value: Any, thresholds: Sequence[Threshold]) -> Level | None:
    """The level of a number by the last threshold that applies; None if none does, or if it is no number."""
    if not is_number(value):
        return None
    return next((one.level for one in reversed(thresholds) if one.applies(value)), None)


def value_at(data: Any, name: str) -> Any:
    """The value of a field of a block's data, by its name or by names with dots between them; None if there is none.

    A member whose own name has dots comes first. Data that is no object has one field, `value`.
    """
    record = data if isinstance(data, Mapping) else {BARE_VALUE: data}
    if name in record:
        return record[name]
    found: Any = record
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def duration_seconds(declared: Any) -> float | None:
    """The seconds of a duration: a number of seconds, or a text like `12h`, `30d`, `8w`; None for anything else."""
    if isinstance(declared, str) and (match := _DURATION.fullmatch(declared)):
        return float(match[1]) * _UNIT_SECONDS[match[2]]
    return float(declared) if is_number(declared) else None


def is_number(value: Any) -> bool:
    """Whether it is a finite number that a float can hold; a boolean is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -sys.float_info.max <= value <= sys.float_info.max


def _read_thresholds(declared: Any) -> Mapping[str, tuple[Threshold, ...]]:
    if not isinstance(declared, Mapping):
        return {}
    found = {str(name): _thresholds_of(items) for name, items in declared.items()}
    return {name: items for name, items in found.items() if items}


def _thresholds_of(declared: Any) -> tuple[Threshold, ...]:
    items = declared if isinstance(declared, list) else []
    return tuple(_threshold(item) for item in items if isinstance(item, Mapping) and _is_threshold(item))


def _is_threshold(item: Mapping[str, Any]) -> bool:
    ends = [item[word] for word in ("from", "below") if word in item]
    level = item.get("level")
    return isinstance(level, str) and level in LEVELS and all(map(is_number, ends))


def _threshold(item: Mapping[str, Any]) -> Threshold:
    level = cast(Level, item["level"])
    return Threshold(level, float(item.get("from", -math.inf)), float(item.get("below", math.inf)))


def _read_history(declared: Any, value: str | None) -> History | None:
    if not isinstance(declared, Mapping):
        return None
    keep = duration_seconds(declared.get("keep"))
    if keep is None or not 0 < keep <= MAX_HISTORY_SECONDS:
        return None
    return History(keep, _texts(declared.get("fields")) or (value or BARE_VALUE,))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(values: Any) -> tuple[str, ...]:
    items = values if isinstance(values, list) else []
    return tuple(dict.fromkeys(text for text in map(_text, items) if text))


def _texts_by_field(values: Any) -> Mapping[str, str]:
    if not isinstance(values, Mapping):
        return {}
    return {str(name): text for name, text in values.items() if isinstance(text, str)}
