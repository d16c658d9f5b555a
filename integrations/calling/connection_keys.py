"""The owner of a kept connection: its workspace, its plugin and the credentials that were sent over it."""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import blake2b

from integrations.catalog.catalog import Installed
from integrations.egress.messages import PreparedCall

# A random key, so that nobody can test guessed credentials against a key found in a memory dump.
_PROCESS_KEY = os.urandom(32)


def with_connection_key(installed: Installed, call: PreparedCall) -> PreparedCall:
    """The call with its connection key. Only calls of the same integration and credentials share connections."""
    key = connection_key(installed.scope.workspace_id, installed.plugin_id, call)
    return replace(call, connection_key=key)


def connection_key(workspace_id: int, plugin_id: str, call: PreparedCall) -> bytes:
    """A 16-byte digest that is only stable within this process."""
    digest = blake2b(key=_PROCESS_KEY, digest_size=16)
    login = (call.digest.username, call.digest.password) if call.digest else ()
    for part in (str(workspace_id), plugin_id, *login, *sorted(call.secrets)):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()
