"""The cache key of a render. Pure.

The key is SHA-256 over canonical JSON (RFC 8785) of everything that determines the answer: the owner, the question,
the settings and the revisions of the secrets. The key never contains a secret itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from integrations.json.canonical_json import canonical_json

Kind = Literal["block", "endpoint", "history", "sampled-block", "sampled-endpoint", "sampled-history"]


class KeyPrefix:
    """Everything in an artifact's key except the inputs. It is the same for every question about a block."""

    __slots__ = ("_after", "_before")

    def __init__(
        self,
        *,
        kind: Kind,
        workspace_id: int,
        plugin_id: str,
        declaration_digest: str,
        config: Mapping[str, Any],
        secret_revisions: Mapping[str, str],
    ) -> None:
        """`declaration_digest` covers the block and the endpoints it uses; for a history it is the block's id.

        `config` and `secret_revisions` hold only what the call binds, so a change of another setting leaves the
        artifacts fresh.
        """
        # Canonical JSON sorts its names: these come before `inputs`, the others after it.
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
        """The artifact's key, 64 hex digits. `inputs` are validated and have their defaults."""
        return hashlib.sha256(self._before + canonical_json(dict(inputs)) + self._after).hexdigest()
