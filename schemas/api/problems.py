"""The schema of a problem, for the OpenAPI document."""

from __future__ import annotations

from marshmallow import Schema, fields


class ProblemSchema(Schema):
    """An RFC 9457 problem."""

    class Meta:
        unknown = "include"

    type = fields.String(required=True, metadata={"description": "Where this code is explained."})
    title = fields.String(required=True)
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = fields.String(required=True, metadata={"description": "What went wrong, for a user."})
    code = fields.String(
        required=True, metadata={"description": "What went wrong, for a program. The codes are stable."}
    )
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "What is wrong with each field, by its path: `manifest.endpoints[2].path`."},
    )
    upstream_status = fields.Integer(metadata={"description": "The HTTP status of the provider's answer."})
    upstream_message = fields.String(
        metadata={
            "description": "What the provider said of the failure, on one line; a fixed sentence where it may repeat "
            "what it was sent. It is a stranger's text: show it as text."
        }
    )
    request_id = fields.String(
        metadata={"description": "The id of the request, as in the header `X-Request-Id` and in the log."}
    )
    success = fields.Boolean(required=True, metadata={"description": "Always false."})
    error = fields.String(required=True, metadata={"description": "The same as `detail`."})
