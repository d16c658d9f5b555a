"""The members of a manifest, section by section, and their values.

Rules between the members of a section are in its `rules`. Checks across sections (does a block's endpoint exist, can a
template be filled) are made by the compiler.
"""

from __future__ import annotations

from marshmallow import INCLUDE, fields, validate

from schemas.fields import StrictBoolean
from schemas.manifests.answers import ExtractField, IcalSchema, LinesSchema, XmlSchema
from schemas.manifests.credentials import AuthField, OAuth2Schema
from schemas.manifests.declared import (
    HEADER_NAME,
    NAME,
    WIRE_NAME,
    Count,
    Declared,
    Members,
    Seconds,
    Text,
    one_of,
    scalars_by,
)
from schemas.manifests.display import DisplayField, IconField
from schemas.manifests.logins import LoginField
from schemas.manifests.manifest_rules import (
    BLOCK_RULES,
    ENDPOINT_RULES,
    INPUT_RULES,
    INTEGRATION_RULES,
    MANIFEST_RULES,
    PAGINATE_RULES,
    PARAMETER_RULES,
    PROPERTY_RULES,
    TLS_RULES,
)
from schemas.manifests.words import (
    API_TYPES,
    AUTH_METHODS,
    BODY_FORMATS,
    LOCATIONS,
    MAX_STEPS,
    METHODS,
    PAGINATORS,
    PROPERTY_FORMATS,
    RESPONSE_TYPES,
    VALUE_TYPES,
)
from schemas.rules.rules import Ruled


class PropertySchema(Declared):
    """A setting of the plugin; a secure one is stored in the vault."""

    open_vocabulary = True
    name = fields.String(required=True, validate=NAME)
    type = fields.String(load_default="string", validate=one_of(*VALUE_TYPES))
    required = StrictBoolean(load_default=False)
    secure = StrictBoolean(load_default=False)
    default = fields.Raw(allow_none=True)
    const = fields.Raw()
    enum = fields.List(fields.Raw(), validate=validate.Length(1, 1000))
    options = fields.Raw()
    min = fields.Float(allow_nan=False)
    max = fields.Float(allow_nan=False)
    pattern = Text(1000)
    format = fields.String(validate=one_of(*PROPERTY_FORMATS))

    rules = PROPERTY_RULES


class RateLimitSchema(Declared):
    """How many upstream calls a workspace may make."""

    requests_per_second = Count(1, 10**6)
    requests_per_minute = Count(1, 10**7)
    requests_per_hour = Count(1, 10**8)
    requests_per_day = Count(1, 10**9)


class RetrySchema(Declared):
    """When a safe call is retried."""

    max_retries = Count(0, 10, load_default=0)
    status_codes = fields.List(Count(400, 599), load_default=lambda: [429, 502, 503, 504])
    wait_time_from_header = fields.String(validate=HEADER_NAME, load_default="Retry-After")
    wait_until_time_from_header = fields.String(validate=HEADER_NAME)


class TlsSchema(Declared):
    """The trusted certificates instead of the public authorities, the expected name, and the client certificate.

    Verification cannot be turned off. `ca_file`: a path, or certificates as PEM. `server_name`: the name that the
    certificate must have, if a service is called by its IP address. `fingerprint_sha256`: the only accepted
    certificate, whoever signed it.
    """

    ca_file = Text(minimum=1)
    client_certificate = Text(minimum=1)
    client_key = Text(minimum=1)
    server_name = Text(minimum=1)
    fingerprint_sha256 = Text(minimum=1)

    rules = TLS_RULES


class IntegrationSchema(Declared):
    """How the provider is called."""

    api_type = fields.String(load_default="rest", validate=one_of(*API_TYPES))
    base_url = Text(minimum=1)
    auth_method = fields.String(load_default="none", validate=one_of(*AUTH_METHODS))
    auth = AuthField()
    oauth2 = fields.Nested(OAuth2Schema)
    login = LoginField()
    tls = fields.Nested(TlsSchema)
    headers = scalars_by(HEADER_NAME, load_default=dict)
    query = scalars_by(WIRE_NAME, load_default=dict)
    rate_limit = fields.Nested(RateLimitSchema)
    timeout = Seconds(minimum=0.1, maximum=300)
    retry = fields.Nested(RetrySchema)
    test_endpoint = fields.String()
    version = fields.String()
    author = fields.String()

    rules = INTEGRATION_RULES


class ParameterSchema(Declared):
    """One parameter of an endpoint."""

    name = fields.String(required=True, validate=WIRE_NAME)
    in_ = fields.String(data_key="in", validate=one_of(*LOCATIONS))
    type = fields.String(validate=one_of(*VALUE_TYPES))
    required = StrictBoolean()
    default = fields.Raw(allow_none=True)
    enum = fields.List(fields.Raw(), validate=validate.Length(1, 1000))
    options = fields.Raw()
    min = fields.Float(allow_nan=False)
    max = fields.Float(allow_nan=False)
    pattern = Text(1000)
    format = fields.String(validate=one_of(*PROPERTY_FORMATS))
    from_config = fields.String(validate=NAME)

    rules = PARAMETER_RULES


class PaginateSchema(Declared):
    """How the next page is requested, and when there is none."""

    type = fields.String(required=True, validate=one_of(*PAGINATORS))
    response_path = Text(minimum=1)
    cursor_path = Text(minimum=1)
    cursor_header = fields.String(validate=HEADER_NAME)
    cursor_param = fields.String(validate=WIRE_NAME)
    page_param = fields.String(validate=WIRE_NAME)
    offset_param = fields.String(validate=WIRE_NAME)
    limit_param = fields.String(validate=WIRE_NAME)
    limit = Count(1, 100_000)
    first = Count(0, 1_000_000)
    max_pages = Count(1, 100, load_default=5)

    rules = PAGINATE_RULES


class EndpointSchema(Declared):
    """One call that the provider offers."""

    id = fields.String(required=True, validate=NAME)
    method = fields.String(validate=one_of(*METHODS))
    base_url = Text(minimum=1)
    path = Text(4000, load_default="")
    parameters = fields.List(
        fields.Nested(ParameterSchema), load_default=list, validate=validate.Length(max=200)
    )
    headers = scalars_by(HEADER_NAME, load_default=dict)
    body = fields.Raw()
    body_format = fields.String(load_default="json", validate=one_of(*BODY_FORMATS))
    response_type = fields.String(load_default="json", validate=one_of(*RESPONSE_TYPES))
    xml = fields.Nested(XmlSchema)
    ical = fields.Nested(IcalSchema)
    extract = ExtractField()
    lines = fields.Nested(LinesSchema)
    select = Text()
    response_schema = fields.Raw()
    redirects = fields.String(validate=one_of("none", "same_origin", "any"))
    paginate = fields.Nested(PaginateSchema)
    safe = StrictBoolean()
    timeout = Seconds(minimum=0.1, maximum=300)
    cache_ttl = Seconds()
    stale_while_revalidate = Seconds()
    stale_if_error = Seconds()

    rules = ENDPOINT_RULES


class InputSchema(Declared):
    """One input of a block."""

    open_vocabulary = True
    type = fields.String(validate=one_of(*VALUE_TYPES))
    required = StrictBoolean()
    default = fields.Raw(allow_none=True)
    enum = fields.List(fields.Raw(), validate=validate.Length(1, 1000))
    options = fields.Raw()
    min = fields.Float(allow_nan=False)
    max = fields.Float(allow_nan=False)
    pattern = Text(1000)
    format = fields.String(validate=one_of(*PROPERTY_FORMATS))
    from_config = fields.String(validate=NAME)

    rules = INPUT_RULES


class StepSchema(Declared):
    """One call of a chain."""

    id = fields.String(required=True, validate=NAME)
    endpoint = fields.String(required=True)
    parameters = Members(keys=fields.String(), values=fields.Raw(allow_none=True), load_default=dict)
    outputs = Members(keys=fields.String(validate=NAME), values=Text(minimum=1), load_default=dict)
    for_each = Text(200, minimum=1)
    may_fail = StrictBoolean(load_default=False)


class ActionSchema(Declared):
    """A block that changes something at the provider: the label of its button, and the blocks to purge afterwards."""

    label = Text(100, minimum=1, required=True)
    confirm = Text(500, minimum=1)
    renews = fields.List(fields.String(), load_default=list, validate=validate.Length(max=100))


class BlockSchema(Declared):
    """A block for a frontend: one endpoint or a chain of steps, with inputs and freshness."""

    open_vocabulary = True
    recent_words = frozenset({"display"})
    id = fields.String(required=True, validate=NAME)
    config_schema = Members(
        keys=fields.String(validate=NAME),
        values=fields.Nested(InputSchema),
        validate=validate.Length(max=200),
    )
    endpoint = fields.String()
    steps = fields.List(fields.Nested(StepSchema), validate=validate.Length(1, MAX_STEPS))
    action = fields.Nested(ActionSchema)
    display = DisplayField(allow_none=True)
    select = Text()
    collect = StrictBoolean(load_default=False)
    url_patterns = fields.List(Text(1000, minimum=1), load_default=list, validate=validate.Length(max=50))
    cache_ttl = Seconds()
    stale_while_revalidate = Seconds()
    stale_if_error = Seconds()
    refresh_interval = Seconds(minimum=1)
    schedule = Text(200)
    timezone = Text(100)
    pre_fetch = StrictBoolean(load_default=False)

    rules = BLOCK_RULES


class ManifestSchema(Ruled):
    """A plugin's manifest. Other members are the frontend's own data and stored unchanged."""

    class Meta:
        unknown = INCLUDE

    enabled = StrictBoolean()
    icon = IconField(allow_none=True)
    integration = fields.Nested(IntegrationSchema)
    properties = fields.List(
        fields.Nested(PropertySchema), load_default=list, validate=validate.Length(max=200)
    )
    endpoints = fields.List(
        fields.Nested(EndpointSchema), load_default=list, validate=validate.Length(max=1000)
    )
    blocks = fields.List(fields.Nested(BlockSchema), load_default=list, validate=validate.Length(max=1000))

    rules = MANIFEST_RULES
