"""`flask manifest …`, with the commands that need a running server or the data folder."""

from __future__ import annotations

from integrations.authoring.commands import manifest_commands
from web.cli.manifest_dev import watch_manifests
from web.cli.manifest_new import write_new_manifest
from web.cli.manifest_record import record_samples

manifest_commands.add_command(watch_manifests)
manifest_commands.add_command(record_samples)
manifest_commands.add_command(write_new_manifest)

__all__ = ["manifest_commands"]
