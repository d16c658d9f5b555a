"""The set-up of a server in the form of its provisioning files. Secrets are named, never written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select

from errors import Conflict, NotFound
from integrations.provisioning.places import Place
from integrations.provisioning.present import Present, read_present
from plugin_store.engine.database import Database
from plugin_store.models import Plugin, Workspace
from plugin_store.settings.properties import PropertySpec, properties_of
from settings import SETTINGS

Tree = dict[str, Any]
Specs = Mapping[str, Mapping[str, PropertySpec]]
"""The settings of each exported plugin, by name."""

VARIABLE_PREFIX = "PATCHBAY_SECRET_"


class Selection(NamedTuple):
    """What is exported: everything, one workspace, or one plugin with what is set for it."""

    workspace_id: int | None = None
    plugin_id: str | None = None


EVERYTHING = Selection()


def export_setup(database: Database, selection: Selection = EVERYTHING) -> Tree:
    """The content of a file that sets everything up again.

    Raises NotFound for a workspace or a plugin that does not exist, and Conflict for names that files could not tell
    apart.
    """
    with database.reading() as session:
        present = read_present(session)
        plugins = session.scalars(select(Plugin).order_by(Plugin.id)).all()
        names = {row.id: row.name for row in session.execute(select(Workspace.id, Workspace.name))}
    chosen = [plugin for plugin in plugins if selection.plugin_id in (None, plugin.id)]
    if selection.plugin_id is not None and not chosen:
        raise NotFound(f"There is no plugin {selection.plugin_id}.")
    if selection.workspace_id is not None and selection.workspace_id not in names:
        raise NotFound(f"There is no workspace {selection.workspace_id}.")
    workspace = None if selection.workspace_id is None else names[selection.workspace_id]
    specs = {plugin.id: {spec.name: spec for spec in properties_of(plugin.manifest)} for plugin in chosen}
    places = [place for place in present.values if workspace in (None, place.workspace)]
    _require_distinct(present, places)
    values = {place: present.values[place] for place in places if _is_exported(place, present, specs)}
    if selection.plugin_id is not None:
        values = _with_contents(values)
    tree = _Tree(values, variable_names(place for place in values if place.kind == "secret"))
    return _without_empty({"plugins": [*map(_declaration, chosen)], "workspaces": [*tree.workspaces()]})


def variable_names(secrets: Iterable[Place]) -> dict[Place, str]:
    """A variable for each secret: `PATCHBAY_SECRET_GITHUB_TOKEN`; with a number where another one has the name."""
    # PATCHBAY_SECRET_KEY is a setting.
    taken = {name for setting in SETTINGS for name in (setting.variable, setting.file_variable)}
    variables: dict[Place, str] = {}
    for place in secrets:
        base = VARIABLE_PREFIX + re.sub(r"[^A-Z0-9]+", "_", f"{place.plugin}_{place.name}".upper())
        name, number = base, 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        variables[place] = name
    return variables


class _Tree:
    """Builds the form of the files from what is set at each place."""

    def __init__(self, values: Mapping[Place, Any], variables: Mapping[Place, str]) -> None:
        self._values = values
        self._variables = variables

    def workspaces(self) -> Iterator[Tree]:
        for place in self._values:
            if place.kind == "workspace":
                notebooks = [
                    {"name": inside.notebook, **self._settings(inside)}
                    for inside in self._values
                    if inside.kind == "notebook" and inside.workspace == place.workspace
                ]
                zone = self._values.get(place._replace(kind="time_zone"))
                named = {"name": place.workspace, **({} if zone is None else {"time_zone": zone})}
                yield _without_empty({**named, "notebooks": notebooks, **self._settings(place)})

    def _settings(self, scope: Place) -> Tree:
        plugins: dict[str, Tree] = {}
        pins = []
        for place, value in self._values.items():
            if place.plugin is None or (place.workspace, place.notebook) != (scope.workspace, scope.notebook):
                continue
            if place.kind == "pin":
                pin = {"integration_id": place.plugin, "block_type": value.block_id}
                pins.append({**pin, "parameters": value.parameters})
                continue
            settings = plugins.setdefault(place.plugin, {})
            if place.kind == "enabled":
                settings["enabled"] = value
            elif place.kind == "config":
                settings.setdefault("config", {})[place.name] = value
            else:
                settings.setdefault("secrets", {})[place.name] = {"env": self._variables[place]}
        return _without_empty({"plugins": plugins, "pins": pins})


def _is_exported(place: Place, present: Present, specs: Specs) -> bool:
    """Whether it belongs to what was selected, and would be accepted again.

    A value that the plugin's present manifest refuses stays in the store, without effect, and is left out. So are
    tokens, which the server obtains itself.
    """
    if place.plugin is None:
        return True
    if place.plugin not in specs or place.kind == "plugin":
        return False
    spec = specs[place.plugin].get(place.name)
    if place.kind == "config":
        return spec is not None and not spec.secure and not spec.check(present.values[place])
    return place.kind != "secret" or (spec is not None and spec.secure)


def _with_contents(values: Mapping[Place, Any]) -> dict[Place, Any]:
    """Without the workspaces and notebooks in which nothing is set for the plugin."""
    used = {(place.workspace, place.notebook) for place in values if place.plugin is not None}
    workspaces = {workspace for workspace, _ in used}
    return {
        place: value
        for place, value in values.items()
        if place.plugin is not None
        or (place.kind == "workspace" and place.workspace in workspaces)
        or (place.kind == "notebook" and (place.workspace, place.notebook) in used)
    }


def _require_distinct(present: Present, places: Iterable[Place]) -> None:
    repeated = next((place for place in places if place in present.repeated), None)
    if repeated is not None:
        raise Conflict(
            f"There are several of one name ({repeated}), which files cannot tell apart: rename them."
        )


def _declaration(plugin: Plugin) -> Tree:
    words = ("id", "name", "version", "type", "manifest")
    return {word: getattr(plugin, word) for word in words}


def _without_empty(tree: Tree) -> Tree:
    return {word: value for word, value in tree.items() if value not in ([], {})}
