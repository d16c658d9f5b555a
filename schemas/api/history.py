"""Schemas of histories: the numbers that blocks had over time."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.api.batch import MAX_BLOCKS, BatchBlockSchema, UniqueKeysSchema
from schemas.fields import Icon, Ordinal, Timestamp

MAX_POINTS = 2000
DEFAULT_POINTS = 300
SINCE = "ISO 8601, in UTC unless it has an offset, or how long ago: `24h`, `30d`, `8w`. Default: all that is kept."


class WindowSchema(Schema):
    """The time span, and how many points of each series."""

    since = fields.String(metadata={"description": SINCE})
    points = Ordinal(
        MAX_POINTS,
        load_default=DEFAULT_POINTS,
        metadata={"description": "At most so many; more samples become the means of equal time spans."},
    )


class HistoryQuerySchema(WindowSchema):
    """The block whose history is asked for, and its inputs."""

    block_type = fields.String(required=True, metadata={"description": "The block's id."})
    parameters = fields.String(
        load_default="{}", metadata={"description": "The block's inputs as a JSON object."}
    )


class HistoryPurgeSchema(Schema):
    """What of a plugin's history is deleted."""

    block_type = fields.String(metadata={"description": "Only of this block."})


class SeriesSchema(Schema):
    """The numbers of one field."""

    field = fields.String(required=True)
    unit = fields.String(
        required=True, allow_none=True, metadata={"description": "As `display.units` declares it."}
    )
    min = fields.Float(
        required=True, allow_none=True, metadata={"description": "Of all samples in the span."}
    )
    max = fields.Float(
        required=True, allow_none=True, metadata={"description": "Of all samples in the span."}
    )
    points = fields.List(
        fields.List(fields.Float(), validate=validate.Length(equal=2)),
        required=True,
        metadata={"description": "Epoch seconds and value, oldest first."},
    )


class HistorySchema(Schema):
    """The series of a block, one for each field that its manifest names."""

    series = fields.List(fields.Nested(SeriesSchema), required=True)


class AlertSchema(Schema):
    """A number whose latest sample is at level `warn` or `bad`."""

    integration_id = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "The integration's."})
    icon = Icon()
    block_type = fields.String(required=True)
    notebook_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The notebook whose own settings lead to it; null for the workspace."},
    )
    parameters = fields.Dict(required=True, metadata={"description": "The block's inputs."})
    field = fields.String(required=True)
    unit = fields.String(required=True, allow_none=True)
    value = fields.Float(required=True)
    level = fields.String(required=True, validate=validate.OneOf(["warn", "bad"]))
    since = Timestamp(
        required=True, metadata={"description": "The first sample from which on all are at this level."}
    )
    at = Timestamp(required=True, metadata={"description": "The latest sample."})


class HistoryBlockSchema(BatchBlockSchema):
    """One block of a batch of histories, and the key of its answer."""

    class Meta:
        exclude = ("use_cache",)


class HistoryBatchSchema(WindowSchema, UniqueKeysSchema):
    """The blocks of a page, each with a unique key."""

    blocks = fields.List(
        fields.Nested(HistoryBlockSchema), required=True, validate=validate.Length(1, MAX_BLOCKS)
    )


class KeyedHistorySchema(Schema):
    """The history of one block of a batch; instead of `series` the members of a problem where it cannot be answered."""

    class Meta:
        unknown = "include"

    key = fields.String(required=True)
    status = fields.Integer(required=True)
    series = fields.List(fields.Nested(SeriesSchema))
    code = fields.String()
    detail = fields.String()
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))


class HistoriesSchema(Schema):
    """The histories of a batch, in its order."""

    histories = fields.List(fields.Nested(KeyedHistorySchema), required=True)
