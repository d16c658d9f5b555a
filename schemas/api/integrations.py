"""Schemas of integrations: renders, executions, tests, artifacts."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_dump, validate

from schemas.api.state import ReviewSchema
from schemas.fields import Icon, Timestamp


class RenderSchema(Schema):
    """The block to render, and its parameters."""

    block_type = fields.String(required=True, metadata={"description": "The block's id."})
    parameters = fields.Dict(load_default=dict, metadata={"description": "The block's inputs."})
    use_cache = fields.Boolean(
        load_default=True, metadata={"description": "false fetches now and stores the answer."}
    )


class ExecuteSchema(Schema):
    """The endpoint to call, and its parameters."""

    endpoint_id = fields.String(required=True)
    parameters = fields.Dict(load_default=dict)
    use_cache = fields.Boolean(
        load_default=False,
        metadata={"description": "true answers from a fresh stored answer, if there is one."},
    )


class TestSchema(Schema):
    """Settings to test before they are saved."""

    __test__ = False
    config = fields.Dict(allow_none=True)


class VerdictSchema(Schema):
    """The result of a connection test."""

    success = fields.Boolean(required=True)
    message = fields.String(required=True)
    details = fields.Dict(required=True)


class RenderQuerySchema(Schema):
    """A render that a browser can cache: all parameters are in the URL."""

    block_type = fields.String(required=True)
    parameters = fields.String(
        load_default="{}", metadata={"description": "The block's inputs as a JSON object."}
    )
    use_cache = fields.Boolean(load_default=True)


class OptionSchema(Schema):
    """One of the allowed values."""

    value = fields.Raw(required=True)
    label = fields.String(required=True)


class InputSchema(Schema):
    """An input of a block, with everything that a form needs. Other members are as declared."""

    name = fields.String(required=True)
    type = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "null if any string, number or boolean is accepted."},
    )
    required = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether a render without it is refused, unless the setting `from_config` is set."
        },
    )
    from_config = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The setting that is used if the input is not given."},
    )
    from_url = fields.Boolean(metadata={"description": "Whether the input `url` can supply it too."})
    default = fields.Raw()
    description = fields.String()
    options = fields.List(fields.Nested(OptionSchema))

    @post_dump(pass_original=True)
    def keep_declared_words(self, known: dict[str, Any], described: Any, **_: Any) -> dict[str, Any]:
        """Adds declared attributes such as bounds and labels unchanged."""
        return {**described, **known}


class DeclaredBlockSchema(Schema):
    """A block as it is declared, with its inputs."""

    id = fields.String(required=True)
    inputs = fields.List(fields.Nested(InputSchema), required=True)

    @post_dump(pass_original=True)
    def keep_declared_words(self, known: dict[str, Any], declared: Any, **_: Any) -> dict[str, Any]:
        """A block may have further members; they are added unchanged."""
        return {**declared, **known}


class OfferedActionSchema(Schema):
    """What a user is shown before an action runs."""

    label = fields.String(required=True, metadata={"description": "The label of the button."})
    confirm = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The question to ask first; null to ask nothing."},
    )
    renews = fields.List(
        fields.String(), required=True, metadata={"description": "The blocks to render again afterwards."}
    )
    inputs = fields.List(fields.Nested(InputSchema), required=True)


class EnvelopeSchema(Schema):
    """An answer of render or execute."""

    success = fields.Boolean(required=True)
    data = fields.Raw(required=True, allow_none=True, metadata={"description": "JSON, text, or base64."})
    content_type = fields.String(required=True)
    error = fields.Dict(required=True, allow_none=True, metadata={"description": "Why the refresh failed."})
    cached = fields.Boolean(required=True)
    stale = fields.Boolean(required=True)
    fetched_at = Timestamp(
        required=True, allow_none=True, metadata={"description": "null for an action: nothing was fetched."}
    )
    expires_at = Timestamp(required=True, allow_none=True)
    parameters_hash = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "What events about this answer name; null for one whose inputs depend on the time."
        },
    )
    sample = fields.Boolean(
        metadata={"description": "Only, and true, if a sample answers in place of the provider."},
    )
    action = fields.Nested(
        OfferedActionSchema,
        metadata={"description": "Only if the block is an action; the provider was not called."},
    )


class ActionRunSchema(Schema):
    """The parameters of an action."""

    parameters = fields.Dict(load_default=dict, metadata={"description": "The block's inputs."})


class ActionEnvelopeSchema(EnvelopeSchema):
    """The answer of an action's provider."""

    renewed = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The blocks whose stored answers were deleted: render them again."},
    )
    repeated = fields.Boolean(
        required=True,
        metadata={"description": "Whether this is the answer to an earlier request with the same key."},
    )


class IntegrationNameSchema(Schema):
    """What an integration is called, its icon, and whether it is enabled."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    icon = Icon()
    enabled = fields.Boolean(required=True)


class IntegrationListedSchema(IntegrationNameSchema):
    """An integration in a list."""

    description = fields.String(required=True, allow_none=True)
    version = fields.String(required=True)
    author = fields.Raw(required=True, allow_none=True)
    api_type = fields.String(required=True)
    base_url = fields.String(required=True, allow_none=True)
    auth_method = fields.String(required=True)
    missing = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The required settings and secrets that are not set."},
    )
    unreadable = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The secrets that cannot be decrypted with the present key."},
    )
    review = fields.Nested(ReviewSchema, required=True, allow_none=True)


class IntegrationSchema(IntegrationListedSchema):
    """An integration in full, as its manifest declares it."""

    properties = fields.List(fields.Dict(), required=True)
    blocks = fields.List(fields.Nested(DeclaredBlockSchema), required=True)
    endpoints = fields.List(fields.Dict(), required=True)


class IntegrationsQuerySchema(Schema):
    """Selects the integrations to list, and how much of each."""

    id = fields.List(
        fields.String(),
        metadata={"description": "Only these; repeat it for several. Unknown ones are left out."},
    )
    state = fields.String(
        validate=validate.OneOf(["waiting", "enabled", "disabled"]),
        metadata={
            "description": "Only those that are enabled or disabled; `waiting`: that a user has to review or complete."
        },
    )
    search = fields.String(
        load_default="",
        validate=validate.Length(max=1000),
        metadata={"description": "Words, each of which the name, the id or the description contains."},
    )
    include = fields.String(
        validate=validate.OneOf(["details"]),
        metadata={"description": "`details` adds properties, blocks and endpoints."},
    )


class IntegrationInListSchema(IntegrationListedSchema):
    """An integration in a list; with `include=details` in full."""

    properties = fields.List(fields.Dict())
    blocks = fields.List(fields.Nested(DeclaredBlockSchema))
    endpoints = fields.List(fields.Dict())


class BlocksSchema(Schema):
    """An integration's blocks."""

    integration_id = fields.String(required=True)
    blocks = fields.List(fields.Nested(DeclaredBlockSchema), required=True)
