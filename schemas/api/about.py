"""Schemas of the server itself."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.fields import Timestamp


class PlaceSchema(Schema):
    """Where a secret of the server is kept; never the secret."""

    source = fields.String(
        required=True,
        validate=validate.OneOf(["setting", "file"]),
        metadata={"description": "A setting of the environment or of `.env`, or a file."},
    )
    path = fields.String(
        required=True, allow_none=True, metadata={"description": "The file's; null for a setting."}
    )


class StorageSchema(Schema):
    """What the data folder holds."""

    folder = fields.String(required=True)
    database_bytes = fields.Integer(required=True)
    artifacts = fields.Integer(required=True)
    artifacts_bytes = fields.Integer(required=True)
    artifacts_limit_bytes = fields.Integer(required=True)
    calls = fields.Integer(required=True, metadata={"description": "Rows of the call log."})
    calls_kept_days = fields.Integer(required=True)
    plugins = fields.Integer(required=True)
    secrets = fields.Integer(required=True)


class BackupSchema(Schema):
    """Backups on schedule, and the last backup that was made, by hand or on schedule."""

    folder = fields.String(
        required=True, allow_none=True, metadata={"description": "null if none are made on schedule."}
    )
    every_hours = fields.Integer(required=True)
    keep = fields.Integer(required=True)
    last_at = Timestamp(required=True, allow_none=True)
    last_path = fields.String(required=True, allow_none=True)
    last_size_bytes = fields.Integer(required=True, allow_none=True)
    failed_at = Timestamp(
        required=True, allow_none=True, metadata={"description": "When a later one failed; null if none did."}
    )
    error = fields.String(required=True, allow_none=True)


class AboutSchema(Schema):
    """The server: its version, what it stores, and who may call it."""

    version = fields.String(required=True)
    storage = fields.Nested(StorageSchema, required=True)
    key = fields.Nested(PlaceSchema, required=True)
    token = fields.Nested(PlaceSchema, required=True)
    public_url = fields.String(required=True, allow_none=True)
    allowed_origins = fields.List(fields.String(), required=True)
    allowed_hosts = fields.List(fields.String(), required=True)
    egress_allow = fields.List(fields.String(), required=True)
    prefetch = fields.Boolean(required=True, metadata={"description": "Whether this process fetches ahead."})
    backup = fields.Nested(BackupSchema, required=True)
