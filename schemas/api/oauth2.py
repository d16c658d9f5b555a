"""Schemas of signing in at a provider."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.fields import RowId, Timestamp


class ConnectionScopeSchema(Schema):
    """Which workspace is connected; the first one by default. Notebooks use their workspace's account."""

    workspace_id = RowId()


class ConnectionSchema(Schema):
    """Whether a workspace is signed in at the provider, and the granted scopes."""

    connected = fields.Boolean(required=True)
    status = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["ok", "unreadable", "locked", None]),
        metadata={"description": "null while nobody signed in."},
    )
    scopes = fields.List(fields.String(), required=True)
    connected_at = Timestamp(required=True, allow_none=True)
    expires_at = Timestamp(
        required=True,
        allow_none=True,
        metadata={"description": "When a person must sign in again, where the provider says so."},
    )
    redirect_uri = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The address to register with the provider; null with an obstacle."},
    )
    obstacle = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why nobody can sign in from this address yet, and what to set."},
    )


class AuthorizationSchema(Schema):
    """The URL where a user signs in."""

    authorization_url = fields.String(required=True)
    redirect_uri = fields.String(
        required=True, metadata={"description": "The address to register with the provider."}
    )
