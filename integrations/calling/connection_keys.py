"""Whose a kept connection is: its workspace's, its plugin's and that of the credentials which went over it."""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import blake2b

from integrations.catalog.catalog import Installed
from integrations.egress.messages import PreparedCall

# Without it nobody could tell from a key, in a dump of the memory say, whether a guessed credential is right.
_PROCESS_KEY = os.urandom(32)


def with_connection_key(installed: Installed, call: PreparedCall) -> PreparedCall:
    """The call, entitled to the connections of its owner: the same integration, carrying the same credentials."""
    key = connection_key(installed.scope.workspace_id, installed.plugin_id, call)
    return replace(call, connection_key=key)


def connection_key(workspace_id: int, plugin_id: str, call: PreparedCall) -> bytes:
    """A digest of 16 bytes that is the same in this process only."""
    digest = blake2b(key=_PROCESS_KEY, digest_size=16)
    login = (call.digest.username, call.digest.password) if call.digest else ()
    for part in (str(workspace_id), plugin_id, *login, *sorted(call.secrets)):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()
