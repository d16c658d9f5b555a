from __future__ import annotations

from dataclasses import replace

import pytest

from plugin_store.events import EventRow
from plugin_store.workspaces import Scope
from web.events.audience import Audience
from web.gate.permissions import OWNER

ROW = EventRow(1, 0.0, "artifact.renewed", 1, None, "mine", None, None)
LIMITED = replace(OWNER, integrations=frozenset({"mine"}), token_id=3)


@pytest.mark.parametrize(
    ("row", "owner", "limited"),
    [
        (ROW, True, True),
        (ROW._replace(plugin_id="other"), True, False),
        (ROW._replace(workspace_id=2), False, False),
        (ROW._replace(workspace_id=None, plugin_id=None), True, True),
        (ROW._replace(kind="connect.requested", workspace_id=None, plugin_id=None), True, False),
        (ROW._replace(kind="connect.answered", workspace_id=None, plugin_id=None), True, False),
        (ROW._replace(kind="token.changed", workspace_id=None, plugin_id=None), True, False),
    ],
)
def test_a_stream_tells_what_its_caller_may_know(row: EventRow, owner: bool, limited: bool):
    assert Audience.of(Scope(1)).hears(row) is owner
    assert Audience.of(Scope(1), LIMITED).hears(row) is limited
