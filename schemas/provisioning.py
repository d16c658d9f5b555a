"""Schemas of the files that provision a server: workspaces, notebooks, plugins, their settings and pins."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from schemas.fields import PLUGIN_ID, Name, StrictBoolean
from schemas.manifests.declared import Members
from schemas.rules.time_zones import UNKNOWN_ZONE, is_time_zone

REFERENCES = ("env", "file", "command")
MAX_ENTRIES = 10_000
A_REFERENCE = (
    "A secret is not written in a file. Name where it is: "
    "{env: NAME}, {file: path} or {command: [program, argument]}."
)


class ReferenceField(fields.Field[dict[str, Any]]):
    """Where a secret is: `{env: NAME}`, `{file: path}` or `{command: [program, …]}`. Errors never quote it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) != 1:
            raise ValidationError(A_REFERENCE)
        ((kind, target),) = value.items()
        if kind == "command" and not _is_command(target):
            raise ValidationError("A command is a list of texts: the program, then its arguments.")
        if kind not in REFERENCES or (kind != "command" and not _is_text(target)):
            raise ValidationError(A_REFERENCE)
        return value


def _is_command(target: Any) -> bool:
    return (
        isinstance(target, list) and 0 < len(target) <= 100 and all(map(_is_text, target)) and target[0] != ""
    )


def _is_text(target: Any) -> bool:
    return isinstance(target, str) and 0 < len(target) <= 4096 and "\0" not in target


class StrictSchema(Schema):
    """An object of a file: unknown members are errors."""

    class Meta:
        unknown = RAISE


class PinEntrySchema(StrictSchema):
    """Inputs of a block that are prefetched, with the names of `POST /prefetch`."""

    integration_id = fields.String(required=True, validate=PLUGIN_ID)
    block_type = fields.String(required=True, validate=validate.Length(1, 200))
    parameters = fields.Dict(load_default=dict)


class NotebookSettingsSchema(StrictSchema):
    """What a notebook sets for a plugin."""

    enabled = StrictBoolean()
    config = fields.Dict(keys=fields.String())


class WorkspaceSettingsSchema(NotebookSettingsSchema):
    """What a workspace sets for a plugin, and its secrets by reference."""

    secrets = Members(keys=fields.String(), values=ReferenceField())


def _plugins(schema: type[Schema]) -> Members:
    return Members(keys=fields.String(validate=PLUGIN_ID), values=fields.Nested(schema))


class NotebookEntrySchema(StrictSchema):
    """A notebook, found by its name."""

    name = Name(required=True)
    plugins = _plugins(NotebookSettingsSchema)
    pins = fields.List(fields.Nested(PinEntrySchema), validate=validate.Length(max=MAX_ENTRIES))


class WorkspaceEntrySchema(StrictSchema):
    """A workspace, found by its name. Without `time_zone` files do not set it; null is the machine's."""

    name = Name(required=True)
    time_zone = fields.String(allow_none=True)
    notebooks = fields.List(fields.Nested(NotebookEntrySchema), validate=validate.Length(max=MAX_ENTRIES))
    plugins = _plugins(WorkspaceSettingsSchema)
    pins = fields.List(fields.Nested(PinEntrySchema), validate=validate.Length(max=MAX_ENTRIES))

    @validates_schema
    def check_zone(self, data: dict[str, Any], **_more: Any) -> None:
        zone = data.get("time_zone")
        if zone is not None and not is_time_zone(zone):
            raise ValidationError(UNKNOWN_ZONE, "time_zone")


class SetupFileSchema(StrictSchema):
    """One file of a provisioning folder."""

    plugins = fields.List(fields.Dict(), validate=validate.Length(max=MAX_ENTRIES))
    workspaces = fields.List(fields.Nested(WorkspaceEntrySchema), validate=validate.Length(max=MAX_ENTRIES))
