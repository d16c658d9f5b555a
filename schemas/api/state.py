"""Workspaces and notebooks, and what is set in them: switches, settings, secrets, reviews."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, post_dump, validate

from schemas.fields import Name, Ordinal, RowId, StrictBoolean, Timestamp

MAX_PAGE = 1_000_000_000
MAX_PAGE_SIZE = 1000
MAX_SECRET_LENGTH = 65_536
# All shorter secrets can be tried in a few answers: hiding one would tell which it is.
MIN_HIDDEN_SECRET_LENGTH = 8


class ScopeSchema(Schema):
    """Where a call takes its settings from: a workspace (the first one by default), and a notebook of it."""

    workspace_id = RowId()
    notebook_id = RowId()


class PageSchema(Schema):
    """Which page of a list."""

    page = Ordinal(MAX_PAGE, load_default=1)
    page_size = Ordinal(MAX_PAGE_SIZE, load_default=MAX_PAGE_SIZE)


class NamedSchema(Schema):
    """What a workspace or a notebook is to be called."""

    class Meta:
        unknown = RAISE

    name = Name(required=True)


class WorkspaceSchema(Schema):
    """A workspace."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    created_at = Timestamp(required=True)


class NotebookSchema(WorkspaceSchema):
    """A notebook of a workspace."""

    workspace_id = fields.Integer(required=True)


class SecretStateSchema(Schema):
    """Whether a secret is set and can be used; never what it is."""

    set = fields.Boolean(required=True)
    status = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["ok", "unreadable", "locked", None]),
        metadata={"description": "null while the secret is not set."},
    )
    updated_at = Timestamp(required=True, allow_none=True)
    warnings = fields.List(
        fields.String(),
        metadata={"description": "What to know of the secret that was just entered; else left out."},
    )

    @post_dump
    def leave_out_no_warnings(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """The state, with `warnings` only where there are some."""
        return {name: value for name, value in data.items() if name != "warnings" or value}


class SecretSchema(SecretStateSchema):
    """A secret's state, with the setting that it is for."""

    key = fields.String(required=True)


class SecretValueSchema(Schema):
    """A secret to keep."""

    class Meta:
        unknown = RAISE

    value = fields.String(required=True, load_only=True, validate=validate.Length(1, MAX_SECRET_LENGTH))


class EnableSchema(Schema):
    """A switch."""

    class Meta:
        unknown = RAISE

    enabled = StrictBoolean(required=True)


class EnabledSchema(Schema):
    """Whether an integration is on in a scope."""

    plugin_id = fields.String(required=True)
    enabled = fields.Boolean(required=True)


class ConfigSchema(Schema):
    """The settings in force for an integration; secrets only by their state."""

    plugin_id = fields.String(required=True)
    config = fields.Dict(required=True)
    secrets = fields.Dict(keys=fields.String(), values=fields.Nested(SecretStateSchema), required=True)


class ConfigUpdateSchema(Schema):
    """Settings to put in force. A string for a secret is kept, null forgets it, leaving it out keeps it.

    What was read may be sent back as it is: `secrets` is not looked at.
    """

    class Meta:
        unknown = RAISE

    plugin_id = fields.String()
    config = fields.Dict(required=True)
    secrets = fields.Raw(allow_none=True)


class EffectiveSchema(Schema):
    """What is in force after inheritance."""

    enabled = fields.Boolean(required=True)
    config = fields.Dict(required=True)


class PluginStateSchema(Schema):
    """What a workspace or notebook itself sets for a plugin, and what is in force there."""

    plugin_id = fields.String(required=True)
    enabled = fields.Boolean(
        required=True, allow_none=True, metadata={"description": "null while the scope inherits it."}
    )
    config = fields.Dict(required=True)
    effective = fields.Nested(EffectiveSchema, required=True)
    secrets = fields.Dict(keys=fields.String(), values=fields.Nested(SecretStateSchema), required=True)


class PluginStateUpdateSchema(Schema):
    """What to change of a scope's own settings; what is not named stays. `enabled: null` inherits again.

    What was read may be sent back as it is: `effective` and `secrets` are not looked at.
    """

    class Meta:
        unknown = RAISE

    plugin_id = fields.String()
    enabled = StrictBoolean(allow_none=True)
    config = fields.Dict()
    effective = fields.Raw(allow_none=True)
    secrets = fields.Raw(allow_none=True)


class DestinationSchema(Schema):
    """One place of one kind of request to one origin, where a secret may go."""

    class Meta:
        unknown = RAISE

    request = fields.String(
        required=True,
        metadata={"description": "`call` (an endpoint's), `token` (OAuth 2.0) or `login`."},
    )
    placement = fields.String(
        required=True,
        metadata={
            "description": "`header`, `query`, `query_name`, `cookie`, `basic`, `digest`, `signature`, `tls`, `path`, "
            "`body` or `body_text`."
        },
    )
    name = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The header's, parameter's or cookie's; the member's normalized path in a body (RFC 9535); "
            "in a path or a text what stands before the secret. Null is any of them."
        },
    )
    origin = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "`scheme://host:port`; null while it hangs on a setting that is not made."},
    )
    template = fields.String(
        allow_none=True, metadata={"description": "The URL's template, where `origin` is null."}
    )
    text = fields.String(metadata={"description": "The same for a person to read; not compared."})


class ReviewDecisionSchema(Schema):
    """A person's word on a review; `new` may repeat the destinations that were looked at."""

    class Meta:
        unknown = RAISE

    accept = StrictBoolean(required=True)
    new = fields.List(fields.Nested(DestinationSchema))


class ReviewSchema(Schema):
    """What a person must accept before secrets are used again."""

    reason = fields.String(required=True)
    old = fields.List(fields.Nested(DestinationSchema), required=True)
    new = fields.List(fields.Nested(DestinationSchema), required=True)


class ReviewStateSchema(Schema):
    """The review that is still due, if any."""

    plugin_id = fields.String(required=True)
    review = fields.Nested(ReviewSchema, required=True, allow_none=True)
