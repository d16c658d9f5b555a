"""The requests of a login, and what they yield."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from schemas.manifests.credential_rules import OUTPUT_SOURCE_RULES
from schemas.manifests.credentials import AuthField, SessionEndField, SignatureValueSchema
from schemas.manifests.declared import (
    HEADER_NAME,
    NAME,
    WIRE_NAME,
    Declared,
    Members,
    Seconds,
    Text,
    one_of,
    scalars_by,
)
from schemas.manifests.manifest_rules import LOGIN_STEP_RULES
from schemas.manifests.words import MAX_STEPS


class OutputSourceSchema(Declared):
    """Where an output of a login comes from, if not from the body: a header or a cookie of the answer."""

    header = fields.String(validate=HEADER_NAME)
    cookie = fields.String(validate=WIRE_NAME)

    rules = OUTPUT_SOURCE_RULES


class OutputField(fields.Field[str | dict[str, str]]):
    """A JMESPath expression over the body, or the name of a header or a cookie."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str | dict[str, str]:
        if isinstance(value, Mapping):
            return OutputSourceSchema().load(value)  # type: ignore[return-value]
        return Text(minimum=1).deserialize(value) or ""


class LoginStepSchema(Declared):
    """A request that yields a session's token, or values for a later step of the login."""

    when = fields.String(validate=NAME)
    expired_when = SessionEndField()
    method = fields.String(load_default="POST", validate=one_of("GET", "POST", "PUT"))
    url = Text(minimum=1)
    path = Text(4000)
    auth = AuthField()
    values = fields.List(fields.Nested(SignatureValueSchema), validate=validate.Length(1, 20))
    headers = scalars_by(HEADER_NAME, load_default=dict)
    query = scalars_by(WIRE_NAME, load_default=dict)
    body_format = fields.String(load_default="json", validate=one_of("json", "form", "text", "xml"))
    body = fields.Raw()
    outputs = Members(keys=fields.String(validate=NAME), values=OutputField(), load_default=dict)
    token_path = Text(minimum=1)
    token_header = fields.String(validate=HEADER_NAME)
    token_cookie = fields.String(validate=WIRE_NAME)
    expires_in_path = Text(minimum=1)
    expires_at_path = Text(minimum=1)
    expiration_duration = Seconds(minimum=1)

    rules = LOGIN_STEP_RULES


class LoginField(fields.Field[list[dict[str, Any]]]):
    """One login request or a list of them; loads to a list."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[dict[str, Any]]:
        if isinstance(value, list):
            if not 0 < len(value) <= MAX_STEPS:
                raise ValidationError(f"Must be 1 to {MAX_STEPS} requests.")
            return LoginStepSchema(many=True).load(value)  # type: ignore[return-value]
        if isinstance(value, Mapping):
            return LoginStepSchema(many=True).load([value])  # type: ignore[return-value]
        raise ValidationError("Must be a request or a list of them.")
