"""Lint rules about how blocks are drawn, and about icons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema

from integrations.authoring.findings import LintWarning, Reviewed
from integrations.manifests.compiling.problems import Problems
from schemas.manifests.declared import DESCRIPTIVE, find_near
from schemas.manifests.display import ICON, DisplaySchema, HistorySchema, ThresholdSchema, is_icon

_DISPLAY, _HISTORY, _THRESHOLD = DisplaySchema(), HistorySchema(), ThresholdSchema()


def unknown_display(reviewed: Reviewed) -> Iterator[LintWarning]:
    """Parts of a `display` that are ignored when the block is drawn."""
    for path, item, _ in reviewed.blocks():
        display = item.get("display")
        if isinstance(display, Mapping):
            yield from _ignored_parts(f"{path}.display", display)
        elif display is not None:
            yield f"{path}.display", 'A display is an object, like `{"kind": "table"}`. This one is ignored.'


def _ignored_parts(path: str, display: Mapping[str, Any]) -> Iterator[LintWarning]:
    # With a `kind` these were refused.
    problems = Problems(path)
    problems.add_tree(_DISPLAY.validate(display))
    for place, messages in problems.errors.items():
        yield (
            place.replace(f"{path}..", f"{path}.").replace(".[", "["),
            f"{messages[0]} This part is ignored.",
        )
    yield from _unknown_members(path, display, _DISPLAY)
    if isinstance(history := display.get("history"), Mapping):
        yield from _unknown_members(f"{path}.history", history, _HISTORY)
    thresholds = display.get("thresholds")
    for name, items in thresholds.items() if isinstance(thresholds, Mapping) else ():
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, Mapping):
                yield from _unknown_members(f"{path}.thresholds.{name}[{index}]", item, _THRESHOLD)


def _unknown_members(path: str, section: Mapping[str, Any], schema: Schema) -> Iterator[LintWarning]:
    known = frozenset(field.data_key or name for name, field in schema.fields.items())
    for name in section:
        near = find_near(name, known)
        if name in known or name.startswith("x-") or (name in DESCRIPTIVE and not near):
            continue
        yield (
            f"{path}.{name}",
            f"Unknown member; did you mean `{near}`?" if near else "Unknown member; it is ignored.",
        )


def unknown_icon(reviewed: Reviewed) -> Iterator[LintWarning]:
    """An icon that is not drawn, because it has another form."""
    icon = reviewed.manifest.get("icon")
    if icon is not None and not is_icon(icon):
        yield "icon", f"It is not drawn. {ICON.error}"
