"""What the files want, by place. Pure, except that a plugin's declaration may be in a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from integrations.provisioning.faults import Fault, ProvisioningFailed
from integrations.provisioning.places import Place
from integrations.provisioning.setup_files import SetupFile, read_source
from plugin_store.engine.canonical import UncanonicalError
from plugin_store.ownership import pin_name
from plugin_store.registrations import Declaration, Registration

Check = Callable[[Any], Declaration | Registration]
"""`Registry.check`."""

MERGED_KINDS = frozenset({"workspace", "notebook"})
"""What several files may name: each sets something else in it."""
MAX_PARAMETERS_BYTES = 16 * 1024


class Pin(NamedTuple):
    """Inputs of a block to prefetch."""

    block_id: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file wants at a place.

    `value` is a Declaration, a time zone, a switch, a setting's value, a secret's reference or a Pin; None for a
    workspace and a notebook.
    """

    file: SetupFile
    path: str
    value: Any

    def fault(self, message: str) -> Fault:
        return self.file.fault(self.path, message)


Wanted = dict[Place, Entry]
"""In the order of the files and of what is written in them."""


def wanted_of(files: Sequence[SetupFile], check: Check) -> Wanted:
    """What the files want. Raises ProvisioningFailed with all faults."""
    wanted: Wanted = {}
    faults: list[Fault] = []
    for file in files:
        for place, entry in _entries(file, check, faults):
            first = wanted.setdefault(place, entry)
            if first is not entry and place.kind not in MERGED_KINDS:
                where = first.fault("").position
                faults.append(entry.fault(f"Set in {first.file.name} line {where.line} already."))
    if faults:
        raise ProvisioningFailed(faults)
    return wanted


def _entries(file: SetupFile, check: Check, faults: list[Fault]) -> Iterator[tuple[Place, Entry]]:
    for index, item in enumerate(file.content.get("plugins", ())):
        path = f"plugins[{index}]"
        try:
            declaration = _declaration(file, path, item, check)
        except ProvisioningFailed as error:
            faults += error.faults
        else:
            yield Place("plugin", plugin=declaration.id), Entry(file, path, declaration)
    for index, item in enumerate(file.content.get("workspaces", ())):
        yield from _workspace(file, f"workspaces[{index}]", item)


def _declaration(file: SetupFile, path: str, item: Mapping[str, Any], check: Check) -> Declaration:
    """The checked declaration. Raises ProvisioningFailed."""
    if "file" not in item:
        return _checked(file, f"{path}.", item, check)
    name = item["file"]
    if set(item) != {"file"} or not isinstance(name, str) or not name:
        message = "A plugin is either `file: path`, or its whole declaration."
        raise ProvisioningFailed([file.fault(path, message)])
    target = file.path.parent / Path(name)
    source = read_source(target, name)
    return _checked(SetupFile(name, target, source, {}), "", source.value, check)


def _checked(file: SetupFile, prefix: str, value: Any, check: Check) -> Declaration:
    outcome = check(value)
    if isinstance(outcome, Registration):
        errors = outcome.errors or {}
        raise ProvisioningFailed(
            [file.fault(f"{prefix}{path}", text) for path, texts in errors.items() for text in texts]
        )
    return outcome


def _workspace(file: SetupFile, path: str, item: Mapping[str, Any]) -> Iterator[tuple[Place, Entry]]:
    name = item["name"]
    yield Place("workspace", name), Entry(file, f"{path}.name", None)
    if "time_zone" in item:
        yield Place("time_zone", name), Entry(file, f"{path}.time_zone", item["time_zone"])
    yield from _settings(file, path, item, Place("workspace", name))
    for index, notebook in enumerate(item.get("notebooks", ())):
        inside = f"{path}.notebooks[{index}]"
        place = Place("notebook", name, notebook["name"])
        yield place, Entry(file, f"{inside}.name", None)
        yield from _settings(file, inside, notebook, place)


def _settings(
    file: SetupFile, path: str, item: Mapping[str, Any], scope: Place
) -> Iterator[tuple[Place, Entry]]:
    for plugin_id, settings in item.get("plugins", {}).items():
        at, inside = scope._replace(plugin=plugin_id), f"{path}.plugins.{plugin_id}"
        if "enabled" in settings:
            yield at._replace(kind="enabled"), Entry(file, f"{inside}.enabled", settings["enabled"])
        for kind, member in (("config", "config"), ("secret", "secrets")):
            for key, value in settings.get(member, {}).items():
                place = at._replace(kind=kind, name=key)
                yield place, Entry(file, f"{inside}.{member}.{key}", value)
    for index, pin in enumerate(item.get("pins", ())):
        entry = Entry(file, f"{path}.pins[{index}]", Pin(pin["block_type"], pin["parameters"]))
        yield _pin_place(scope, pin["integration_id"], entry), entry


def _pin_place(scope: Place, plugin_id: str, entry: Entry) -> Place:
    try:
        name = pin_name(entry.value.block_id, entry.value.parameters)
    except UncanonicalError as error:
        raise ProvisioningFailed([entry.fault(str(error))]) from None
    return scope._replace(kind="pin", plugin=plugin_id, name=name)
