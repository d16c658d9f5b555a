"""A group of commands that is imported when one of them is used."""

from __future__ import annotations

from functools import cached_property
from pkgutil import resolve_name
from typing import Any

import click


class LazyGroup(click.Group):
    """A proxy for the group at `target`, given as `module:name`."""

    def __init__(self, name: str, target: str, **attributes: Any) -> None:
        super().__init__(name, **attributes)
        self._target = target

    @cached_property
    def _group(self) -> click.Group:
        return resolve_name(self._target)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return self._group.list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self._group.get_command(ctx, cmd_name)
