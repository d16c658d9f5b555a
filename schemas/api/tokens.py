"""Schemas of named tokens."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from schemas.fields import PLUGIN_ID, RowId, Timestamp

SCOPES = ("declare", "configure", "render", "operate", "admin")
MAX_IDS = 200
MAX_ORIGINS = 20
LAST_YEAR = 2999
# As a browser writes an Origin header: lower case, no path, no default port.
ORIGIN = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?\Z"
)
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
DESCRIPTIONS = {
    "scopes": "What it may do: `declare` plugins and change its own, `configure` them, `render` them, `operate` "
    "(actions, purges, schedules, usage), `admin` (tokens, sessions, workspaces).",
    "workspaces": "The ids of the only workspaces that it is for; null for all.",
    "notebooks": "The ids of the only notebooks that it is for; null for all of its workspaces.",
    "integrations": "The ids of the only plugins that it is for; null for all.",
    "origins": "The origins of the only pages that may use it, like `https://dash.example`. Without one no page of "
    "another origin may.",
}


def check_origin(text: str) -> None:
    """Raises ValidationError for what is no origin as browsers send it."""
    scheme = text.partition(":")[0]
    if not ORIGIN.match(text) or text.endswith(DEFAULT_PORTS.get(scheme, "/")):
        raise ValidationError(
            "Not an origin as browsers send it, like https://dash.example or http://localhost:5173."
        )


def _printable(text: str) -> None:
    if not text.isprintable() or text.strip() != text:
        raise ValidationError("Must be printable, without blanks at its ends.")


def _future(moment: datetime) -> None:
    if moment <= datetime.now(UTC):
        raise ValidationError("Must be in the future.")
    if moment.year > LAST_YEAR:
        raise ValidationError("Leave it out, or null, for a token that does not end by itself.")


def _unique(values: list[Any]) -> None:
    if len(set(values)) != len(values):
        raise ValidationError("Names something twice.")


class TokenName(fields.String):
    """The name of a token: it stands in logs, so it is one printable line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=[validate.Length(1, 100), _printable], **kwargs)


class Scopes(fields.List):
    """Some of the scopes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            fields.String(validate=validate.OneOf(SCOPES, error="Must be one of: {choices}.")),
            validate=[validate.Length(min=1), _unique],
            metadata={"description": DESCRIPTIONS["scopes"]},
            **kwargs,
        )


def _ids(name: str, of: fields.Field[Any], **kwargs: Any) -> fields.List:
    return fields.List(
        of,
        allow_none=True,
        validate=[validate.Length(1, MAX_IDS), _unique],
        metadata={"description": DESCRIPTIONS[name]},
        **kwargs,
    )


class TokenFieldsSchema(Schema):
    """What a token may do, where, and until when."""

    class Meta:
        unknown = RAISE

    name = TokenName()
    scopes = Scopes()
    workspaces = _ids("workspaces", RowId())
    notebooks = _ids("notebooks", RowId())
    integrations = _ids("integrations", fields.String(validate=PLUGIN_ID))
    origins = fields.List(
        fields.String(validate=check_origin),
        validate=[validate.Length(max=MAX_ORIGINS), _unique],
        metadata={"description": DESCRIPTIONS["origins"]},
    )
    expires_at = fields.AwareDateTime(
        default_timezone=UTC,
        allow_none=True,
        validate=_future,
        metadata={"description": "When it ends by itself; null for never."},
    )


class NewTokenSchema(TokenFieldsSchema):
    """A token to be made."""

    name = TokenName(required=True)
    scopes = Scopes(required=True)


class TokenChangeSchema(TokenFieldsSchema):
    """What is changed of a token. It takes effect at once."""

    @validates_schema
    def check_change(self, data: dict[str, Any], **_more: Any) -> None:
        if not data:
            raise ValidationError("Name what to change.", "name")


class PartySchema(Schema):
    """Who called."""

    kind = fields.String(
        required=True, validate=validate.OneOf(["owner_token", "session", "token", "command"])
    )
    id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The id of the session or the named token."}
    )
    name = fields.String(
        required=True, allow_none=True, metadata={"description": "The name of the named token."}
    )


class ReachSchema(Schema):
    """What a caller may do, and where."""

    scopes = fields.List(fields.String(), required=True, metadata={"description": DESCRIPTIONS["scopes"]})
    workspaces = fields.List(
        fields.Integer(), required=True, allow_none=True, metadata={"description": DESCRIPTIONS["workspaces"]}
    )
    notebooks = fields.List(
        fields.Integer(), required=True, allow_none=True, metadata={"description": DESCRIPTIONS["notebooks"]}
    )
    integrations = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": DESCRIPTIONS["integrations"]},
    )
    origins = fields.List(fields.String(), required=True, metadata={"description": DESCRIPTIONS["origins"]})
    expires_at = Timestamp(required=True, allow_none=True)


class TokenSchema(ReachSchema):
    """A named token, without its value."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    created_at = Timestamp(required=True)
    last_used_at = Timestamp(
        required=True,
        allow_none=True,
        metadata={"description": "Accurate to one hour; null if it never was."},
    )
    created_by = fields.Nested(PartySchema, required=True)
    expired = fields.Boolean(required=True)


class IssuedTokenSchema(TokenSchema):
    """A new token. Its value is shown this once."""

    token = fields.String(required=True)


class CurrentTokenSchema(PartySchema, ReachSchema):
    """Who the caller is, and what it may do."""
