"""Who a stream of events is for, and which of them it tells."""

from __future__ import annotations

from typing import NamedTuple

from plugin_store.events import EventRow
from plugin_store.workspaces import Scope
from web.gate.permissions import OWNER, Permission

OWNERS_KINDS = frozenset({"connect.requested", "connect.answered", "token.changed"})


class Audience(NamedTuple):
    """The scope of a stream, and what its caller may be told of it. `plugins` None is all."""

    scope: Scope
    plugins: frozenset[str] | None
    is_owner: bool

    @classmethod
    def of(cls, scope: Scope, permission: Permission = OWNER) -> Audience:
        return cls(scope, permission.integrations, permission.is_owner)

    def hears(self, row: EventRow) -> bool:
        """Whether the event concerns the scope and is for the caller. One without a plugin concerns all of them."""
        if not row.concerns(self.scope) or not (self.is_owner or row.kind not in OWNERS_KINDS):
            return False
        return self.plugins is None or row.plugin_id is None or row.plugin_id in self.plugins
