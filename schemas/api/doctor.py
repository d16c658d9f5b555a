"""Schemas of the doctor."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

LEVELS = ["ok", "warning", "error"]


class DoctorFindingSchema(Schema):
    """One thing that was looked at."""

    check = fields.String(required=True, metadata={"description": "What was looked at, for programs."})
    level = fields.String(required=True, validate=validate.OneOf(LEVELS))
    message = fields.String(required=True, metadata={"description": "What is wrong, or that all is well."})
    remedy = fields.String(
        required=True, allow_none=True, metadata={"description": "What to do; null where all is well."}
    )
    integration_id = fields.String(required=True, allow_none=True)
    workspace_id = fields.Integer(required=True, allow_none=True)


class DoctorSchema(Schema):
    """The findings, the worst first."""

    level = fields.String(
        required=True, validate=validate.OneOf(LEVELS), metadata={"description": "That of the worst finding."}
    )
    findings = fields.List(fields.Nested(DoctorFindingSchema), required=True)
