"""The enumerations of a manifest: the allowed values of its members."""

from __future__ import annotations

API_TYPES = ("rest", "graphql", "none")
AUTH_METHODS = (
    "none",
    "token",
    "api_key",
    "basic",
    "oauth2_client_credentials",
    "oauth2_authorization_code",
    "session_token",
)
JSON_TYPES = ("string", "integer", "number", "boolean", "object", "array")
TEXT_TYPES = ("text", "password", "date", "datetime", "time", "email", "url", "color")
CHOICE_TYPES = ("select", "multiselect")
VALUE_TYPES = (*JSON_TYPES, *TEXT_TYPES, *CHOICE_TYPES)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
LOCATIONS = ("path", "query", "header", "body", "url")
RESPONSE_TYPES = (
    "json", "text", "html", "xml", "image", "binary", "feed", "opengraph", "csv", "ndjson", "prometheus", "ical",
    "status",
)  # fmt: skip
BODY_FORMATS = ("json", "form", "multipart", "text", "xml", "jsonrpc")
PAGINATORS = ("cursor", "link", "offset", "page")
SIGNATURE_FUNCTIONS = (
    "base64",
    "sha256_hex",
    "hmac_sha256_hex",
    "hmac_sha256_base64",
    "now_epoch",
    "now_iso",
)
PROPERTY_FORMATS = ("hostname", "uri", "email", "date", "date-time", "ipv4", "ipv6")
DISPLAY_KINDS = (
    "figure", "gauge", "status", "facts", "table", "list", "feed", "article", "image", "line", "bars", "timeline",
    "map",
)  # fmt: skip
"""The kinds of drawing of a block, under `display.kind`."""
TEXT_FORMATS = ("markdown",)
LEVELS = ("good", "warn", "bad")
"""What a threshold says of a value."""
MAX_HISTORY_SECONDS = 400 * 86400
MAX_STEPS = 5
OAUTH2_METHODS = ("oauth2_client_credentials", "oauth2_authorization_code")
READING_METHODS = ("GET", "HEAD")
BODY_METHODS = ("POST", "PUT", "PATCH")
# `select` only works on these types.
VALUE_RESPONSE_TYPES = ("json", "ndjson", "csv", "xml", "feed", "opengraph", "prometheus", "ical", "status")
DEFAULT_DAYS = 30
"""The days of a calendar that an answer has."""
EXTRACT_TYPES = ("text", "number", "integer", "boolean")
"""What a piece of a text or a page becomes."""
SCALAR_TYPES = ("string", "integer", "number", "boolean", *TEXT_TYPES, "select")
SECRET_TYPES = ("string", "text", "password", "email", "url")
# JSON-RPC is called by POST by default.
OTHER_BODY_FORMATS = tuple(word for word in BODY_FORMATS if word != "jsonrpc")
CREDENTIAL_WORDS = {
    "api_key": frozenset({"in", "name", "prefix", "value"}),
    "bearer": frozenset({"prefix", "token"}),
    "basic": frozenset({"username", "password"}),
    "digest": frozenset({"username", "password"}),
    "signature": frozenset({"values", "headers", "query"}),
}
"""What each type of credential is made of, beside `type` and `when`."""
CLIENT_ENCODINGS = ("form", "raw")
TOKEN_PLACES = ("token_path", "token_header", "token_cookie")
PAGINATOR_WORDS = {
    "cursor": frozenset({"cursor_path", "cursor_header", "cursor_param", "limit_param", "limit"}),
    "link": frozenset({"cursor_path", "limit_param", "limit"}),
    "page": frozenset({"page_param", "first", "limit_param", "limit"}),
    "offset": frozenset({"offset_param", "first", "limit_param", "limit"}),
}
"""What each way of paging is told by, beside `type`, `response_path` and `max_pages`."""
GRAPHQL_FORMATS = ("json", "jsonrpc")
