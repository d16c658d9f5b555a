"""`flask audit`, and the entries that commands write."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
import orjson
from flask.cli import with_appcontext

from errors import PatchbayError, StorageFailed
from plugin_store.access_models import AuditEntry
from plugin_store.audit_log import AuditFilter, dump_entry
from plugin_store.engine.change_record import Author, ChangeRecord, Entry, recorded
from schemas.api.audit import AuditEntrySchema
from web.api.context import services


@click.command("audit")
@click.option("--lines", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many.")
@click.option("--what", help="Only entries of this name, like secret.set, or of its first part.")
@click.option("--plugin", "plugin_id", help="Only entries about this plugin.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_appcontext
def show_audit(lines: int, what: str | None, plugin_id: str | None, as_json: bool) -> None:
    """Print the newest entries of the audit log: who changed what, and from where. The newest is the last."""
    try:
        entries = services().store.audit_log.read(AuditFilter(what=what, plugin_id=plugin_id), lines)
    except PatchbayError as error:
        raise click.ClickException(error.detail) from None
    for entry in reversed(entries):
        click.echo(_json_of(entry) if as_json else _line_of(entry))


def _json_of(entry: AuditEntry) -> str:
    dumped: Any = AuditEntrySchema().dump(dump_entry(entry))
    return orjson.dumps(dumped).decode()


def _line_of(entry: AuditEntry) -> str:
    who = " ".join(str(part) for part in (entry.actor_kind, entry.actor_id, entry.actor_name) if part)
    subject = entry.plugin_id or entry.workspace_id or ""
    details = orjson.dumps(entry.details).decode() if entry.details else ""
    moment = f"{datetime.fromtimestamp(entry.at, UTC):%Y-%m-%d %H:%M:%S}"
    parts = (
        moment,
        entry.what,
        str(subject),
        f"by {who}",
        f"from {entry.address}" if entry.address else "",
        details,
    )
    # A name is anybody's text.
    return "  ".join("".join(c if c.isprintable() else "?" for c in part) for part in parts if part)


@contextmanager
def recorded_command(what: str | None, **details: Any) -> Iterator[ChangeRecord]:
    """Records what a command changes, under the operating system's user."""
    whole = None if what is None else Entry(what, details=details)
    with recorded(ChangeRecord(command_author(), whole, services().clock)) as record:
        yield record


def command_author() -> Author:
    """The operating system's user at the command line."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = None
    return Author("command", name=name)


def note_command(what: str, **details: Any) -> None:
    """Writes an entry for a command that changes nothing in the store, such as a backup; warns where it cannot."""
    record = ChangeRecord(command_author(), Entry(what, details=details), services().clock)
    try:
        services().store.audit_log.write(record)
    except StorageFailed as error:
        click.echo(f"The audit log has no entry for this: {error.detail}", err=True)
