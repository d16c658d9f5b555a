"""Schemas of workspaces and notebooks, and of their settings, secrets and reviews."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_dump, validate, validates_schema

from schemas.fields import ManagedBy, Name, Ordinal, RowId, StrictBoolean, Timestamp
from schemas.rules.time_zones import UNKNOWN_ZONE, is_time_zone

MAX_PAGE = 1_000_000_000
MAX_PAGE_SIZE = 1000
MAX_SECRET_LENGTH = 65_536
# Shorter secrets can be guessed with a few answers: masking one would confirm a guess.
MIN_HIDDEN_SECRET_LENGTH = 8


class ScopeSchema(Schema):
    """The scope of a request's settings: a workspace (the first one by default), and a notebook of it."""

    workspace_id = RowId()
    notebook_id = RowId()


class PageSchema(Schema):
    """Selects a page of a list."""

    page = Ordinal(MAX_PAGE, load_default=1)
    page_size = Ordinal(MAX_PAGE_SIZE, load_default=MAX_PAGE_SIZE)


class NamedSchema(Schema):
    """The name of a workspace or a notebook."""

    class Meta:
        unknown = RAISE

    name = Name(required=True)


def _known_zone(name: str) -> None:
    if not is_time_zone(name):
        raise ValidationError(UNKNOWN_ZONE)


class NewWorkspaceSchema(NamedSchema):
    """The name of a workspace, and its time zone: a name like Europe/Oslo, or null for the machine's."""

    time_zone = fields.String(allow_none=True, validate=[validate.Length(max=100), _known_zone])


class WorkspaceChangeSchema(NewWorkspaceSchema):
    """What is changed of a workspace."""

    name = Name()

    @validates_schema
    def check_change(self, data: dict[str, Any], **_more: Any) -> None:
        if not data:
            raise ValidationError("Name what to change.", "name")


class ScopeRowSchema(Schema):
    """A workspace or a notebook."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    created_at = Timestamp(required=True)
    managed_by = ManagedBy()


class WorkspaceSchema(ScopeRowSchema):
    """A workspace. Without a `time_zone` it has the machine's."""

    time_zone = fields.String(required=True, allow_none=True)


class NotebookSchema(ScopeRowSchema):
    """A notebook of a workspace."""

    workspace_id = fields.Integer(required=True)


class WorkspacesQuerySchema(PageSchema):
    """A page of workspaces, and how much of each."""

    include = fields.String(
        validate=validate.OneOf(["notebooks"]),
        metadata={"description": "`notebooks` adds the notebooks of each workspace."},
    )


class WorkspaceInListSchema(WorkspaceSchema):
    """A workspace in a list; with `include=notebooks` with its notebooks."""

    notebooks = fields.List(fields.Nested(NotebookSchema))


class SecretStateSchema(Schema):
    """Whether a secret is set and usable; never its value."""

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
        metadata={"description": "A remark about the secret that was just entered, if there is one."},
    )

    @post_dump
    def leave_out_no_warnings(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Leaves `warnings` out if there are none."""
        return {name: value for name, value in data.items() if name != "warnings" or value}


class SecretSchema(SecretStateSchema):
    """A secret's state, with the setting that it is for."""

    key = fields.String(required=True)


class SecretValueSchema(Schema):
    """A secret to store."""

    class Meta:
        unknown = RAISE

    value = fields.String(required=True, load_only=True, validate=validate.Length(1, MAX_SECRET_LENGTH))


class ManagedPaths(fields.Dict):
    """The files that set parts of an answer, by the path of the part."""

    def __init__(self) -> None:
        super().__init__(
            keys=fields.String(),
            values=fields.String(),
            required=True,
            metadata={
                "description": "The provisioning file that sets `enabled`, `config.units` or `secrets.api_key`, by "
                "that path. What is missing here is not set by a file."
            },
        )


class EnableSchema(Schema):
    """Enables or disables an integration."""

    class Meta:
        unknown = RAISE

    enabled = StrictBoolean(required=True)


class EnabledSchema(Schema):
    """Whether an integration is enabled in a scope."""

    plugin_id = fields.String(required=True)
    enabled = fields.Boolean(required=True)


class ConfigSchema(Schema):
    """The effective settings of an integration; secrets only by their state."""

    plugin_id = fields.String(required=True)
    config = fields.Dict(required=True)
    secrets = fields.Dict(keys=fields.String(), values=fields.Nested(SecretStateSchema), required=True)
    managed_by = ManagedPaths()


class ConfigUpdateSchema(Schema):
    """Settings to replace. A string for a secret stores it, null deletes it, leaving it out keeps it.

    The response of a read may be sent back unchanged: `secrets` and `managed_by` are ignored.
    """

    class Meta:
        unknown = RAISE

    plugin_id = fields.String()
    config = fields.Dict(required=True)
    secrets = fields.Raw(allow_none=True)
    managed_by = fields.Raw(allow_none=True)


class EffectiveSchema(Schema):
    """The effective values after inheritance."""

    enabled = fields.Boolean(required=True)
    config = fields.Dict(required=True)


class PluginStateSchema(Schema):
    """What a workspace or notebook itself sets for a plugin, and the effective values there."""

    plugin_id = fields.String(required=True)
    enabled = fields.Boolean(
        required=True, allow_none=True, metadata={"description": "null if the scope inherits it."}
    )
    config = fields.Dict(required=True)
    effective = fields.Nested(EffectiveSchema, required=True)
    secrets = fields.Dict(keys=fields.String(), values=fields.Nested(SecretStateSchema), required=True)
    managed_by = ManagedPaths()


class PluginStateUpdateSchema(Schema):
    """Changes of a scope's own settings. Missing members stay unchanged. `enabled: null` inherits again.

    The response of a read may be sent back unchanged: `effective`, `secrets` and `managed_by` are ignored.
    """

    class Meta:
        unknown = RAISE

    plugin_id = fields.String()
    enabled = StrictBoolean(allow_none=True)
    config = fields.Dict()
    effective = fields.Raw(allow_none=True)
    secrets = fields.Raw(allow_none=True)
    managed_by = fields.Raw(allow_none=True)


class DestinationSchema(Schema):
    """One place in one kind of request to one origin, where a secret may be sent."""

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
        metadata={"description": "`scheme://host:port`; null while it depends on a setting without a value."},
    )
    template = fields.String(
        allow_none=True, metadata={"description": "The URL's template, if `origin` is null."}
    )
    text = fields.String(metadata={"description": "The same as text for a user; not compared."})


class ReviewDecisionSchema(Schema):
    """A user's decision on a review; `new` may repeat the destinations that the user saw."""

    class Meta:
        unknown = RAISE

    accept = StrictBoolean(required=True)
    new = fields.List(fields.Nested(DestinationSchema))


class ReviewSchema(Schema):
    """What a user must accept before secrets are used again."""

    reason = fields.String(required=True)
    old = fields.List(fields.Nested(DestinationSchema), required=True)
    new = fields.List(fields.Nested(DestinationSchema), required=True)


class ReviewStateSchema(Schema):
    """The review that is still due, if any."""

    plugin_id = fields.String(required=True)
    review = fields.Nested(ReviewSchema, required=True, allow_none=True)
