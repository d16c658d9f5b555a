"""What makes two renders the same. Pure.

The key is SHA-256 over canonical JSON (RFC 8785) of everything that shapes the answer: whose it is, what is asked,
with which settings and with which revision of which secrets. A secret itself never enters it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from integrations.json.canonical_json import canonical_json


class KeyPrefix:
    """All of an artifact's key but the inputs, which is the same from one question to the next."""

    __slots__ = ("_after", "_before")

    def __init__(
        self,
        *,
        kind: Literal["block", "endpoint"],
        workspace_id: int,
        plugin_id: str,
        declaration_digest: str,
        config: Mapping[str, Any],
        secret_revisions: Mapping[str, str],
    ) -> None:
        """`declaration_digest` covers the block and the endpoints it uses.

        `config` and `secret_revisions` hold what the call binds and nothing else, so that a setting which it does not
        use leaves its artifacts fresh.
        """
        # Canonical JSON has its names in order: these stand before `inputs`, those after it.
        before = {"config": dict(config), "declaration": declaration_digest}
        after = {
            "kind": kind,
            "plugin": plugin_id,
            "secrets": dict(secret_revisions),
            "workspace": workspace_id,
        }
        self._before = canonical_json(before)[:-1] + b',"inputs":'
        self._after = b"," + canonical_json(after)[1:]

    def key(self, inputs: Mapping[str, Any]) -> str:
        """The artifact's key, 64 hex digits. `inputs` are validated, defaults filled in."""
        return hashlib.sha256(self._before + canonical_json(dict(inputs)) + self._after).hexdigest()
