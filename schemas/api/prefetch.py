"""Schemas of prefetch jobs."""

from __future__ import annotations

from datetime import UTC

from marshmallow import RAISE, Schema, fields, validate

from schemas.fields import ManagedBy, RowId, StrictBoolean, Tenths, Timestamp

OUTCOMES = ("fetched", "fresh", "not_kept", "yielded", "failed")
STATES = ("scheduled", "paused", "waiting")
REASONS = ("default", "used", "pinned")


class PinSchema(Schema):
    """Inputs of a block to prefetch."""

    class Meta:
        unknown = RAISE

    integration_id = fields.String(required=True)
    block_type = fields.String(required=True, metadata={"description": "The block's id."})
    parameters = fields.Dict(load_default=dict, metadata={"description": "The block's inputs."})
    notebook_id = RowId(metadata={"description": "The notebook whose settings are used."})


class PrefetchQuerySchema(Schema):
    """Selects jobs."""

    integration_id = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    due_before = fields.AwareDateTime(
        format="iso",
        default_timezone=UTC,
        metadata={
            "description": "Only those whose next run is before this moment: ISO 8601, by default in UTC."
        },
    )
    search = fields.String(
        load_default="",
        validate=validate.Length(max=1000),
        metadata={
            "description": "Words, each of which the integration's id, the block's or the inputs contain."
        },
    )


class PauseSchema(Schema):
    """Whether a job is paused."""

    class Meta:
        unknown = RAISE

    paused = StrictBoolean(required=True)


class PrefetchJobSchema(Schema):
    """One prefetched input set of a block."""

    id = fields.Integer(required=True)
    workspace_id = fields.Integer(required=True)
    notebook_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "null for the workspace's settings."}
    )
    integration_id = fields.String(required=True)
    block_type = fields.String(required=True)
    parameters = fields.Dict(required=True)
    reasons = fields.List(
        fields.String(validate=validate.OneOf(REASONS)),
        required=True,
        metadata={
            "description": "Why it is prefetched: by default, because it was rendered, or because it is pinned."
        },
    )
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    waits_for = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The code of the problem that a render would return, while the job waits."},
    )
    next_run_at = Timestamp(required=True, allow_none=True)
    last_run_at = Timestamp(required=True, allow_none=True)
    last_lateness_ms = Tenths(
        required=True, allow_none=True, metadata={"description": "null for a run that a user started."}
    )
    last_outcome = fields.String(required=True, allow_none=True, validate=validate.OneOf([*OUTCOMES, None]))
    last_error = fields.String(required=True, allow_none=True)
    failures = fields.Integer(required=True, metadata={"description": "The number of failed runs in a row."})
    fetched_at = Timestamp(required=True, allow_none=True)
    used_at = Timestamp(required=True, allow_none=True)
    managed_by = ManagedBy()
