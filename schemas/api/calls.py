"""Schemas of the call log."""

from __future__ import annotations

from datetime import UTC

from marshmallow import Schema, fields, validate

from schemas.fields import Ordinal, RowId, Tenths, Timestamp

CAUSES = ["live", "action", "batch", "prefetch", "revalidate", "test"]
MAX_CALLS = 1000


class CallsQuerySchema(Schema):
    """Selects the calls to list."""

    integration_id = fields.String()
    cause = fields.String(validate=validate.OneOf(CAUSES))
    outcome = fields.String(validate=validate.OneOf(["ok", "failed"]))
    from_ = fields.AwareDateTime(
        format="iso",
        default_timezone=UTC,
        data_key="from",
        metadata={"description": "ISO 8601, in UTC unless it has an offset. Default: all that is kept."},
    )
    request_id = fields.String(
        validate=validate.Length(1, 128),
        metadata={"description": "Only calls that this request caused: the `X-Request-Id` of its response."},
    )
    before = RowId(metadata={"description": "The `id` of the last call of a page: the next page follows it."})
    page_size = Ordinal(MAX_CALLS, load_default=100)


class CallSchema(Schema):
    """One call to a provider."""

    id = fields.Integer(required=True)
    at = Timestamp(required=True)
    integration_id = fields.String(required=True, attribute="plugin_id")
    endpoint_id = fields.String(
        required=True, metadata={"description": "`token:oauth2` or `token:login` for a token request."}
    )
    block_id = fields.String(required=True, allow_none=True)
    cause = fields.String(required=True, validate=validate.OneOf(CAUSES))
    status = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The provider's status."}
    )
    error_code = fields.String(
        required=True, allow_none=True, metadata={"description": "The problem's code; null if it succeeded."}
    )
    duration_ms = Tenths(required=True)
    response_bytes = fields.Integer(required=True)
    request_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The request that caused the call; null for a scheduled one."},
    )
