"""Schemas of explanations."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from schemas.api.problems import ProblemSchema
from schemas.api.state import DestinationSchema
from schemas.api.usage import RestSchema, WindowSchema
from schemas.fields import Tenths, Timestamp

SOURCES = (
    "input",
    "notebook",
    "workspace",
    "default",
    "const",
    "secret",
    "step",
    "token",
    "manifest",
    "clock",
    "computed",
    "missing",
)


class ExplainSchema(Schema):
    """The block or endpoint to explain, and its parameters."""

    block_type = fields.String(metadata={"description": "The block's id; or give `endpoint_id`."})
    endpoint_id = fields.String()
    parameters = fields.Dict(load_default=dict)

    @validates_schema
    def check_subject(self, data: dict[str, Any], **_more: Any) -> None:
        if ("block_type" in data) == ("endpoint_id" in data):
            raise ValidationError("Name exactly one of `block_type` and `endpoint_id`.", "block_type")


class SourceSchema(Schema):
    """The source of a value, and its name there."""

    kind = fields.String(required=True, validate=validate.OneOf(SOURCES))
    name = fields.String(required=True, allow_none=True)


class ExplainedInputSchema(Schema):
    """One input of the block, as it would be bound."""

    name = fields.String(required=True)
    value = fields.Raw(required=True, allow_none=True)
    source = fields.Nested(SourceSchema, required=True)


class ShownValueSchema(Schema):
    """One value that the request uses, its place and its source; `••••` for a secret."""

    name = fields.String(required=True)
    value = fields.Raw(required=True, allow_none=True)
    places = fields.List(fields.String(), required=True)
    sources = fields.List(fields.Nested(SourceSchema), required=True)


class HeaderSchema(Schema):
    """A header of the request."""

    name = fields.String(required=True)
    value = fields.String(required=True)


class EgressSchema(Schema):
    """Whether the call would be allowed, as far as can be known without resolving its host name."""

    allowed = fields.Boolean(
        required=True, allow_none=True, metadata={"description": "null if its address is not known yet."}
    )
    reason = fields.String(required=True)


class ShownRequestSchema(Schema):
    """A request with `••••` for secrets and `{name}` for values that are missing or come from an earlier step."""

    method = fields.String(required=True)
    url = fields.String(required=True)
    headers = fields.List(fields.Nested(HeaderSchema), required=True)
    body = fields.String(required=True, allow_none=True)
    values = fields.List(fields.Nested(ShownValueSchema), required=True)
    egress = fields.Nested(EgressSchema, required=True)


class KeptAnswerSchema(Schema):
    """The artifact that would answer, and the value that `X-Cache` would have now."""

    key = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["fresh", "stale", "absent"]))
    cache = fields.String(required=True, validate=validate.OneOf(["HIT", "STALE", "MISS"]))
    fetched_at = Timestamp(required=True, allow_none=True)
    expires_at = Timestamp(required=True, allow_none=True)
    stale_until = Timestamp(required=True, allow_none=True)
    age_seconds = Tenths(required=True, allow_none=True)
    size_bytes = fields.Integer(required=True, allow_none=True)
    content_type = fields.String(required=True, allow_none=True)


class ExplainedStepSchema(Schema):
    """One call of the block; `request` is null if even placeholders cannot complete it."""

    id = fields.String(required=True)
    endpoint_id = fields.String(required=True)
    request = fields.Nested(ShownRequestSchema, required=True, allow_none=True)
    artifact = fields.Nested(KeptAnswerSchema, required=True, allow_none=True)


class SecretStandingSchema(Schema):
    """A secret that the calls use: where it would be sent now, and which destinations it was entered for."""

    name = fields.String(required=True)
    status = fields.String(required=True, allow_none=True)
    destinations = fields.List(fields.Nested(DestinationSchema), required=True)
    bound_to = fields.List(fields.Nested(DestinationSchema), required=True, allow_none=True)


class ExplanationSchema(Schema):
    """What a render would send and why. Nothing is sent."""

    integration_id = fields.String(required=True)
    block_type = fields.String(required=True, allow_none=True)
    endpoint_id = fields.String(required=True, allow_none=True)
    problems = fields.List(
        fields.Nested(ProblemSchema),
        required=True,
        metadata={"description": "Why a render would be refused, and the problem that it would return."},
    )
    inputs = fields.List(fields.Nested(ExplainedInputSchema), required=True)
    token_requests = fields.List(
        fields.Nested(ShownRequestSchema),
        required=True,
        metadata={"description": "Sent first, if no valid token is stored."},
    )
    steps = fields.List(fields.Nested(ExplainedStepSchema), required=True)
    artifact = fields.Nested(KeptAnswerSchema, required=True, allow_none=True)
    destinations = fields.List(fields.Nested(SecretStandingSchema), required=True)
    budget = fields.List(fields.Nested(WindowSchema), required=True)
    rests = fields.List(fields.Nested(RestSchema), required=True)
    next_refresh_at = Timestamp(
        required=True,
        allow_none=True,
        metadata={"description": "When these inputs are prefetched; null if they are not."},
    )
