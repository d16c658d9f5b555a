"""Schemas of usage: renders, calls and remaining budgets of integrations."""

from __future__ import annotations

from datetime import UTC

from marshmallow import Schema, fields, validate

from schemas.fields import Icon, Tenths, Timestamp

ROUNDED = "Rounded to two significant digits; null without a call."


class UsageQuerySchema(Schema):
    """The time span, and its periods."""

    from_ = fields.AwareDateTime(
        format="iso",
        default_timezone=UTC,
        data_key="from",
        metadata={"description": "ISO 8601, in UTC unless it has an offset. Default: one day before `to`."},
    )
    since = fields.String(
        metadata={"description": "In place of `from`: the same, or how long ago: `24h`, `30d`, `8w`."}
    )
    to = fields.AwareDateTime(
        format="iso",
        default_timezone=UTC,
        metadata={"description": "Default: now. Extended to whole periods."},
    )
    by = fields.String(load_default="hour", validate=validate.OneOf(["hour", "day"]))


ORDERS = ["integration_id", "renders", "hits", "stale", "calls", "errors", "bytes", "p50_ms", "p95_ms"]


class UsageListQuerySchema(UsageQuerySchema):
    """Also the order of the integrations, and whether their periods are listed."""

    order_by = fields.String(
        load_default="integration_id",
        validate=validate.OneOf(ORDERS),
        metadata={"description": "By id, or by a figure of the whole span, the largest first."},
    )
    state = fields.String(
        validate=validate.OneOf(["troubled"]),
        metadata={
            "description": "Only enabled integrations of which most calls failed, whose budget is spent, or "
            "that are not called for now."
        },
    )
    include = fields.String(
        load_default="periods",
        validate=validate.OneOf(["periods", "totals"]),
        metadata={"description": "`totals` leaves the `periods` empty."},
    )


class FiguresSchema(Schema):
    """Renders and their calls."""

    renders = fields.Integer(required=True, metadata={"description": "Answered renders and executions."})
    hits = fields.Integer(required=True, metadata={"description": "Answers from a fresh artifact."})
    stale = fields.Integer(required=True, metadata={"description": "Answers from a stale artifact."})
    calls = fields.Integer(required=True, metadata={"description": "Upstream calls of every cause."})
    token_calls = fields.Integer(
        required=True, metadata={"description": "The calls among them that requested a token."}
    )
    errors = fields.Integer(required=True, metadata={"description": "Upstream calls that failed."})
    p50_ms = Tenths(required=True, allow_none=True, metadata={"description": ROUNDED})
    p95_ms = Tenths(required=True, allow_none=True, metadata={"description": ROUNDED})
    bytes = fields.Integer(
        required=True, metadata={"description": "Received bytes, with status lines and headers."}
    )


class PeriodSchema(FiguresSchema):
    """One hour or one day (UTC)."""

    from_ = Timestamp(required=True, data_key="from")


class WindowSchema(Schema):
    """What one window of the rate limit still allows."""

    window = fields.String(
        required=True, attribute="name", validate=validate.OneOf(["second", "minute", "hour", "day"])
    )
    limit = fields.Integer(required=True)
    used = fields.Integer(required=True)
    left = fields.Integer(required=True)
    next_at = Timestamp(required=True, metadata={"description": "When the next call is allowed."})


class RestSchema(Schema):
    """An origin that is not called for now, and until when."""

    origin = fields.String(required=True)
    reason = fields.String(required=True, validate=validate.OneOf(["cooldown", "breaker"]))
    until = Timestamp(required=True)


class FiguresByPeriodSchema(FiguresSchema):
    """Figures of a span and of its periods."""

    periods = fields.List(
        fields.Nested(PeriodSchema), required=True, metadata={"description": "The periods with any usage."}
    )


class IntegrationUsageSchema(FiguresByPeriodSchema):
    """An integration's usage and its remaining budget."""

    integration_id = fields.String(required=True)
    name = fields.String(
        required=True, allow_none=True, metadata={"description": "null for one that is no longer registered."}
    )
    icon = Icon()
    budget = fields.List(fields.Nested(WindowSchema), required=True)
    rests = fields.List(fields.Nested(RestSchema), required=True)


class SpanSchema(Schema):
    """The time span of the figures, in whole periods."""

    from_ = Timestamp(required=True, data_key="from")
    to = Timestamp(required=True)
    by = fields.String(required=True)


class UsageSchema(SpanSchema):
    """The usage of a workspace's integrations."""

    integrations = fields.List(fields.Nested(IntegrationUsageSchema), required=True)


class OneUsageSchema(SpanSchema, IntegrationUsageSchema):
    """The usage of one integration."""


class TotalUsageSchema(SpanSchema, FiguresByPeriodSchema):
    """The usage of all integrations of a workspace together."""


class LatencyQuerySchema(Schema):
    """Which integrations."""

    integration_id = fields.String(metadata={"description": "Only this one, also if it was not called."})
    include = fields.String(
        load_default="called",
        validate=validate.OneOf(["called", "slower"]),
        metadata={
            "description": "Those called in the last six hours, or only those that are slower than usual."
        },
    )


class PaceSchema(Schema):
    """How long calls take."""

    p50_ms = Tenths(required=True)
    p95_ms = Tenths(required=True)


class LatencySchema(Schema):
    """How long an integration's calls take now, and what is usual."""

    integration_id = fields.String(required=True)
    name = fields.String(
        required=True, allow_none=True, metadata={"description": "null for one that is no longer registered."}
    )
    icon = Icon()
    enabled = fields.Boolean(
        required=True, metadata={"description": "false, too, for one that is no longer registered."}
    )
    slower_since = Timestamp(
        required=True,
        allow_none=True,
        metadata={
            "description": "The hour since which calls are slower than usual; null while they are not."
        },
    )
    calls = fields.Integer(
        required=True,
        metadata={"description": "The calls since `slower_since`, else those of the last six hours."},
    )
    now = fields.Nested(
        PaceSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Of these calls; null without one."},
    )
    usual = fields.Nested(
        PaceSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The median of the seven days (UTC) before today; null with too few calls."},
    )
