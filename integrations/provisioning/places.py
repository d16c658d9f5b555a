"""The places that files set: a workspace, a plugin, one setting of a plugin in a notebook. Pure."""

from __future__ import annotations

from typing import NamedTuple

from plugin_store.ownership import Kind

ORDER: tuple[Kind, ...] = (
    "plugin",
    "workspace",
    "time_zone",
    "notebook",
    "enabled",
    "config",
    "secret",
    "pin",
)
REMOVED_KINDS = frozenset({"time_zone", "enabled", "config", "secret", "pin"})
"""What goes when it vanishes from the files. Anything else would take data with it, so it stays and is released."""


class Place(NamedTuple):
    """One thing that a file can set. Workspaces and notebooks are meant by their names.

    `name` is that of a setting or a secret; of a pin it is the digest of its inputs.
    """

    kind: Kind
    workspace: str | None = None
    notebook: str | None = None
    plugin: str | None = None
    name: str = ""

    @property
    def sort_key(self) -> tuple[int, str, str, str, str]:
        """Plugins first, then workspaces and what is in them."""
        return (
            ORDER.index(self.kind),
            self.workspace or "",
            self.notebook or "",
            self.plugin or "",
            self.name,
        )

    def __str__(self) -> str:
        """For a user: `workspace Home, notebook Desk, github: config.owner`."""
        where = [
            f"{word} {name}"
            for word, name in (("workspace", self.workspace), ("notebook", self.notebook))
            if name is not None
        ]
        if self.kind == "plugin":
            return f"plugin {self.plugin}"
        if self.plugin is not None:
            where.append(self.plugin)
        what = {
            "time_zone": ": time_zone",
            "enabled": ": enabled",
            "config": f": config.{self.name}",
            "secret": f": secrets.{self.name}",
            "pin": ": pin",
        }.get(self.kind, "")
        return ", ".join(where) + what
