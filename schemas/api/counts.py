"""Schemas of how many there are of what long lists hold."""

from __future__ import annotations

from marshmallow import Schema, fields

from schemas.fields import Amount


class IntegrationCountsSchema(Schema):
    """The integrations of a scope."""

    total = Amount("All that are registered.")
    enabled = Amount("Those that are on.")
    disabled = Amount("Those that are off.")
    waiting = Amount("Those that wait for a user: for a setting, for a secret or for a review.")


class PrefetchCountsSchema(Schema):
    """The prefetch jobs of a scope. Each is scheduled, paused or waiting."""

    scheduled = Amount("Those that run by themselves.")
    paused = Amount("Those that a user has paused.")
    waiting = Amount("Those that wait for a setting.")
    late = Amount("The scheduled ones that should have begun more than two minutes ago.")


class CountsSchema(Schema):
    """How many integrations and prefetch jobs there are."""

    integrations = fields.Nested(IntegrationCountsSchema, required=True)
    prefetch = fields.Nested(PrefetchCountsSchema, required=True)
