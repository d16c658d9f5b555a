"""The difference between what the files want and what the store has. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from integrations.provisioning.faults import printable
from integrations.provisioning.places import REMOVED_KINDS, Place
from integrations.provisioning.present import FIRST_NAMES, Present
from integrations.provisioning.wanted import Entry, Pin, Wanted
from plugin_store.engine.canonical import same_value
from plugin_store.registrations import Declaration

Verb = Literal["add", "change", "remove", "release", "rename"]
SIGNS: dict[Verb, str] = {"add": "+", "change": "~", "remove": "-", "release": "=", "rename": "~"}
MAX_SHOWN_VALUE = 200

HoldsSecret = Callable[[Place], bool]
"""Whether the stored secret at a place has the value that the files want."""


class Change(NamedTuple):
    """One change of the store. `before` and `after` are None where there is nothing, and for secrets."""

    verb: Verb
    place: Place
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        """A line of the diff: `~ workspace Home, github: config.owner: "pallets" → "psf"`."""
        return printable(f"{SIGNS[self.verb]} {self.place}{_values(self)}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying would do: changes in the order of their places, and which file owns what afterwards."""

    changes: tuple[Change, ...]
    owners: Mapping[Place, str]
    owners_change: bool
    variables: frozenset[str] = frozenset()
    """The environment variables that the files name."""

    @property
    def is_empty(self) -> bool:
        return not self.changes and not self.owners_change


def plan_of(wanted: Wanted, present: Present, holds_secret: HoldsSecret) -> Plan:
    """The plan. What vanished from the files is removed if it is a setting, a secret or a pin, and else released."""
    renamed = _first_renamed(wanted, present)
    values = dict(present.values)
    if renamed:
        # The workspace of the first start becomes the first one of the files, so nothing is left over.
        values = {}
    changes = [*renamed, *_wanted_changes(wanted, values, present, holds_secret)]
    changes += [_vanished(place, present) for place in present.owners if place not in wanted]
    owners = {place: entry.file.name for place, entry in wanted.items()}
    rank = {place: index for index, place in enumerate(wanted)}
    changes.sort(key=lambda change: _sort_key(change, rank))
    return Plan(tuple(changes), owners, owners != present.owners, _variables(wanted))


def _variables(wanted: Wanted) -> frozenset[str]:
    references = [entry.value for place, entry in wanted.items() if place.kind == "secret"]
    return frozenset(reference["env"] for reference in references if "env" in reference)


def _sort_key(change: Change, rank: Mapping[Place, int]) -> tuple[Any, ...]:
    """By place; new workspaces and notebooks as in the files, because the first workspace is the default one."""
    place = change.place
    is_container = place.kind in ("workspace", "notebook")
    order = rank.get(place, 0) if is_container and change.verb == "add" else 0
    return change.verb != "rename", place.sort_key[0], order, *place.sort_key


def _first_renamed(wanted: Wanted, present: Present) -> list[Change]:
    """The changes that turn the workspace and the notebook of the first start into the first ones of the files."""
    first = next((place for place in wanted if place.kind == "workspace"), None)
    if not present.is_new or first is None:
        return []
    notebook = next(
        (place for place in wanted if place.kind == "notebook" and place.workspace == first.workspace), None
    )
    old = Place("notebook", FIRST_NAMES[0], FIRST_NAMES[1])
    workspace_change = Change("rename", Place("workspace", FIRST_NAMES[0]), after=first.workspace)
    if notebook is None:
        return [workspace_change, Change("remove", old)]
    return [workspace_change, Change("rename", old, after=notebook.notebook)]


def _wanted_changes(
    wanted: Wanted, values: Mapping[Place, Any], present: Present, holds_secret: HoldsSecret
) -> list[Change]:
    taken = _taken_names(wanted, present)
    changes = []
    for place, entry in wanted.items():
        change = None if place in taken else _change(place, entry, values, present, holds_secret)
        if change is not None:
            changes.append(change)
    return changes


def _taken_names(wanted: Wanted, present: Present) -> set[Place]:
    """What a rename of the first start's rows brings about."""
    renames = _first_renamed(wanted, present)
    if not renames:
        return set()
    workspace = Place("workspace", renames[0].after)
    notebooks = {
        workspace._replace(kind="notebook", notebook=item.after)
        for item in renames[1:]
        if item.verb == "rename"
    }
    return {workspace, *notebooks}


def _change(
    place: Place, entry: Entry, values: Mapping[Place, Any], present: Present, holds_secret: HoldsSecret
) -> Change | None:
    """The change at a place; None if it is as wanted."""
    after = entry.value.digest if isinstance(entry.value, Declaration) else entry.value
    if place.kind == "pin":
        # A pin whose inputs lead to the answer of another pin has no row of its own.
        return None if place in values or place in present.owners else Change("add", place, after=after)
    if place.kind == "time_zone":
        before = values.get(place)
        return None if before == after else Change("change", place, before, after)
    if place not in values:
        return Change("add", place, after=None if place.kind == "secret" else after)
    if place.kind == "secret":
        return None if holds_secret(place) else Change("change", place)
    return None if same_value(values[place], after) else Change("change", place, values[place], after)


def _vanished(place: Place, present: Present) -> Change:
    if place.kind in REMOVED_KINDS:
        return Change("remove", place, None if place.kind == "secret" else present.values.get(place))
    return Change("release", place)


def _values(change: Change) -> str:
    by_verb = {"release": ": no file sets this any more", "rename": f" → {change.after}"}
    if change.verb in by_verb:
        return by_verb[change.verb]
    describe = _DESCRIBED.get(change.place.kind)
    return "" if describe is None else describe(change)


def _values_of_setting(change: Change) -> str:
    return {
        "add": lambda: f": {_shown(change.after)}",
        "change": lambda: f": {_shown(change.before)} → {_shown(change.after)}",
        "remove": lambda: "",
    }[change.verb]()


def _values_of_secret(change: Change) -> str:
    return ": changed" if change.verb == "change" else ""


def _values_of_pin(change: Change) -> str:
    pin: Pin | None = change.after or change.before
    return "" if pin is None else f" {pin.block_id} {_shown(pin.parameters)}"


_DESCRIBED: dict[str, Callable[[Change], str]] = {
    "time_zone": _values_of_setting,
    "enabled": _values_of_setting,
    "config": _values_of_setting,
    "secret": _values_of_secret,
    "pin": _values_of_pin,
}


def _shown(value: Any) -> str:
    """The value as JSON, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN_VALUE else f"{text[:MAX_SHOWN_VALUE]}…"
