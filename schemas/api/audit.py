"""Schemas of the audit log."""

from __future__ import annotations

from datetime import UTC

from marshmallow import Schema, fields, validate

from schemas.fields import Ordinal, RowId, Timestamp

AUTHORS = ["owner_token", "session", "token", "command", "file", "server", "unknown"]
WHO = r"(?:" + "|".join(AUTHORS) + r")(?::[0-9]{1,18})?\Z"
WHAT = r"[a-z_]{1,40}(?:\.[a-z_]{1,40})?\Z"
MAX_ENTRIES = 1000
MOMENT = {"description": "ISO 8601, in UTC unless it has an offset."}


class AuditQuerySchema(Schema):
    """Selects the entries to list."""

    who = fields.String(
        validate=validate.Regexp(WHO),
        metadata={"description": "A kind of author, like `session`, or one of them, like `token:3`."},
    )
    what = fields.String(
        validate=validate.Regexp(WHAT),
        metadata={"description": "A name like `secret.set`, or its first part, like `secret`."},
    )
    plugin_id = fields.String(validate=validate.Length(1, 200))
    from_ = fields.AwareDateTime(format="iso", default_timezone=UTC, data_key="from", metadata=MOMENT)
    to = fields.AwareDateTime(
        format="iso", default_timezone=UTC, metadata={"description": "The end; not included."}
    )
    before = RowId(
        metadata={"description": "The `id` of the last entry of a page: the next page follows it."}
    )
    page_size = Ordinal(MAX_ENTRIES, load_default=100)


class AuthorSchema(Schema):
    """Who made a change."""

    kind = fields.String(required=True, validate=validate.OneOf(AUTHORS))
    id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The id of the session or the named token."}
    )
    name = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Of the token, the browser, the operating system's user, or the file."},
    )


class AuditEntrySchema(Schema):
    """One entry of the audit log."""

    id = fields.Integer(required=True)
    at = Timestamp(required=True)
    who = fields.Nested(AuthorSchema, required=True)
    address = fields.String(required=True, allow_none=True)
    request_id = fields.String(required=True, allow_none=True)
    what = fields.String(required=True, metadata={"description": "Like `plugin.registered`."})
    plugin_id = fields.String(required=True, allow_none=True)
    workspace_id = fields.Integer(required=True, allow_none=True)
    notebook_id = fields.Integer(required=True, allow_none=True)
    details = fields.Dict(
        required=True,
        metadata={"description": "Names of `fields`, and values `before` and `after` that are no secrets."},
    )
