"""The route of the server itself: version, storage, who may call it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from integrations.backup.last_backup import read_last
from plugin_store.models import IntegrationArtifact, Plugin, PluginApiLog, PluginSecret
from schemas.api.about import AboutSchema
from settings import Settings, version
from web.api.blueprint import Blueprint
from web.api.context import services
from web.gate.tokens import token_path

blueprint = Blueprint("about", __name__, description="The server: version, storage, who may call it.")


@blueprint.route("/about", methods=["GET"])
@blueprint.response(200, AboutSchema)
def show_about() -> dict[str, Any]:
    """Show the version, what the data folder holds, and who may call this server. Never a key or a token."""
    settings = services().settings
    return {
        "version": version(),
        "storage": _read_storage(settings),
        "key": _place(settings.secret_key_file, is_setting=bool(settings.secret_keys)),
        "token": _place(token_path(settings), is_setting=bool(settings.token)),
        "public_url": settings.public_url,
        "allowed_origins": list(settings.allowed_origins),
        "allowed_hosts": list(settings.allowed_hosts),
        "egress_allow": list(settings.egress_allow),
        "prefetch": settings.prefetch,
        "backup": _read_backup(settings),
    }


def _read_backup(settings: Settings) -> dict[str, Any]:
    last = read_last(settings.instance)
    return {
        "folder": None if settings.backup is None else str(settings.backup),
        "every_hours": settings.backup_every_hours,
        "keep": settings.backup_keep,
        "last_at": last.at,
        "last_path": last.path,
        "last_size_bytes": last.size_bytes,
        "failed_at": last.failed_at,
        "error": last.error,
    }


def _place(path: Path, *, is_setting: bool) -> dict[str, str | None]:
    return {"source": "setting", "path": None} if is_setting else {"source": "file", "path": str(path)}


def _read_storage(settings: Settings) -> dict[str, Any]:
    counted = {
        "artifacts": IntegrationArtifact,
        "calls": PluginApiLog,
        "plugins": Plugin,
        "secrets": PluginSecret,
    }
    with services().database.reading() as session:
        counts = {
            name: session.scalar(select(func.count()).select_from(table)) for name, table in counted.items()
        }
        artifacts_bytes = session.scalar(select(func.coalesce(func.sum(IntegrationArtifact.size_bytes), 0)))
    return {
        **counts,
        "folder": str(settings.instance),
        "database_bytes": services().database.size_bytes(),
        "artifacts_bytes": artifacts_bytes,
        "artifacts_limit_bytes": settings.cache_size_limit_bytes,
        "calls_kept_days": settings.log_retention_days,
    }
