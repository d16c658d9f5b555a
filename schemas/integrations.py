"""What goes over the wire about integrations: renders, executions, tests, artifacts."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.fields import Timestamp
from schemas.state import ReviewSchema


class RenderSchema(Schema):
    """Which block to draw, and from what."""

    block_type = fields.String(required=True, metadata={"description": "The block's id."})
    parameters = fields.Dict(load_default=dict, metadata={"description": "The block's inputs."})
    use_cache = fields.Boolean(
        load_default=True, metadata={"description": "false fetches now and keeps what comes."}
    )


class ExecuteSchema(Schema):
    """Which endpoint to call, and with what."""

    endpoint_id = fields.String(required=True)
    parameters = fields.Dict(load_default=dict)
    use_cache = fields.Boolean(
        load_default=False, metadata={"description": "true answers from what is kept where that is fresh."}
    )


class TestSchema(Schema):
    """Settings to try before they are saved."""

    __test__ = False
    config = fields.Dict(allow_none=True)


class VerdictSchema(Schema):
    """How a test of the connection went."""

    success = fields.Boolean(required=True)
    message = fields.String(required=True)
    details = fields.Dict(required=True)


class RenderQuerySchema(Schema):
    """A render that a browser can cache: everything in the URL."""

    block_type = fields.String(required=True)
    parameters = fields.String(
        load_default="{}", metadata={"description": "The block's inputs as a JSON object."}
    )
    use_cache = fields.Boolean(load_default=True)


class OfferedActionSchema(Schema):
    """What a person is told before an action is run."""

    label = fields.String(required=True, metadata={"description": "What the button says."})
    confirm = fields.String(
        required=True, allow_none=True, metadata={"description": "What to ask before; null to ask nothing."}
    )
    renews = fields.List(
        fields.String(), required=True, metadata={"description": "Blocks to draw anew after."}
    )
    inputs = fields.List(
        fields.Dict(),
        required=True,
        metadata={"description": "Each with `name`, `type`, `required`, `from_config` and what is declared."},
    )


class EnvelopeSchema(Schema):
    """An answer of render or execute."""

    success = fields.Boolean(required=True)
    data = fields.Raw(required=True, allow_none=True, metadata={"description": "JSON, text, or base64."})
    content_type = fields.String(required=True)
    error = fields.Dict(required=True, allow_none=True, metadata={"description": "Why a refresh failed."})
    cached = fields.Boolean(required=True)
    stale = fields.Boolean(required=True)
    fetched_at = Timestamp(
        required=True, allow_none=True, metadata={"description": "null for an action: nothing was fetched."}
    )
    expires_at = Timestamp(required=True, allow_none=True)
    action = fields.Nested(
        OfferedActionSchema, metadata={"description": "Only where the block is an action; nobody was called."}
    )


class ActionRunSchema(Schema):
    """With what an action is run."""

    parameters = fields.Dict(load_default=dict, metadata={"description": "The block's inputs."})


class ActionEnvelopeSchema(EnvelopeSchema):
    """What an action's provider answered."""

    renewed = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The blocks of which nothing is kept any more: render them again."},
    )
    repeated = fields.Boolean(
        required=True,
        metadata={"description": "Whether this is the answer to an earlier request with the same key."},
    )


class IntegrationListedSchema(Schema):
    """An integration in a list."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True, allow_none=True)
    version = fields.String(required=True)
    author = fields.Raw(required=True, allow_none=True)
    api_type = fields.String(required=True)
    base_url = fields.String(required=True, allow_none=True)
    auth_method = fields.String(required=True)
    enabled = fields.Boolean(required=True)
    review = fields.Nested(ReviewSchema, required=True, allow_none=True)


class IntegrationSchema(IntegrationListedSchema):
    """An integration in full, as its manifest declares it."""

    properties = fields.List(fields.Dict(), required=True)
    blocks = fields.List(fields.Dict(), required=True)
    endpoints = fields.List(fields.Dict(), required=True)


class BlocksSchema(Schema):
    """An integration's blocks."""

    integration_id = fields.String(required=True)
    blocks = fields.List(fields.Dict(), required=True)


class ArtifactsQuerySchema(Schema):
    """Which artifacts to list."""

    include = fields.String(validate=validate.OneOf(["data"]))
    block_type = fields.String()


class ArtifactSchema(Schema):
    """A kept answer."""

    block_id = fields.String(required=True, allow_none=True)
    endpoint_id = fields.String(required=True, allow_none=True)
    parameters = fields.Dict(required=True)
    parameters_hash = fields.String(required=True)
    fetched_at = Timestamp(required=True)
    expires_at = Timestamp(required=True)
    stale_until = Timestamp(required=True)
    size_bytes = fields.Integer(required=True)
    content_type = fields.String(required=True)
    last_error = fields.String(required=True, allow_none=True)
    data = fields.Raw(metadata={"description": "With include=data: what was kept, null when it is gone."})


class PurgedSchema(Schema):
    """How many artifacts were forgotten."""

    purged = fields.Integer(required=True)
