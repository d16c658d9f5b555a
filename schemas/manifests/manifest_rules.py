"""The rules between the members of each section of a manifest."""

from __future__ import annotations

from collections.abc import Iterable

from marshmallow import validate

from schemas.manifests.declared import DESCRIPTIVE, HEADER_NAME, NOT_A_MANIFESTS, OWN_HEADERS
from schemas.manifests.words import (
    AUTH_METHODS,
    BODY_METHODS,
    CHOICE_TYPES,
    CREDENTIAL_WORDS,
    GRAPHQL_FORMATS,
    LOCATIONS,
    OAUTH2_METHODS,
    OTHER_BODY_FORMATS,
    PAGINATOR_WORDS,
    PAGINATORS,
    READING_METHODS,
    RESPONSE_TYPES,
    SCALAR_TYPES,
    SECRET_TYPES,
    SIGNATURE_FUNCTIONS,
    TOKEN_PLACES,
    VALUE_RESPONSE_TYPES,
)
from schemas.rules.rule_kinds import (
    Among,
    AtMostOne,
    Empty,
    ExactlyOne,
    Matches,
    MaxItems,
    Needs,
    NoMemberLike,
    OneFilled,
    OneItemHas,
    OptionList,
    RequiredTogether,
    Requires,
    Typed,
    Unlike,
    Without,
    any_case,
)
from schemas.rules.rules import AnyItem, Each, Has, If, Inside, Is, Lacks, Rule, Within

NO_OWN_HEADERS = NoMemberLike("headers", OWN_HEADERS, NOT_A_MANIFESTS)
COOKIE_NAME = validate.Regexp(
    HEADER_NAME.regex.pattern, error="Not a cookie's name (RFC 6265 section 4.1.1)."
)
GRAPHQL_BODY = "A GraphQL body is an object with a `query`, and `variables`."
_BODIES: dict[str, tuple[str, str, tuple[tuple[str, str | None], ...]]] = {
    "form": ("object", "A form is an object.", ()),
    "multipart": ("object", "A form is an object.", ()),
    "text": ("string", "Text is a string.", ()),
    "xml": ("string", "Text is a string.", ()),
    "jsonrpc": ("object", "A JSON-RPC body is an object with a `method`, and `params`.", (("method", None),)),
}


def _body_rules(*formats: str) -> tuple[Rule, ...]:
    """The rules for a body in one of these formats."""
    return tuple(If(Is("body_format", (word,)), Typed("body", *_BODIES[word])) for word in formats)


INPUT_RULES = (
    If(
        Is("type", CHOICE_TYPES),
        OneFilled(("options", "enum", "ui"), "Needed to choose from."),
        OptionList("options", 1000, "A list of up to 1000 strings, numbers, booleans or {value, label}."),
    ),
)

PROPERTY_RULES = (
    *INPUT_RULES,
    If(
        Is("secure", (True,)),
        Among("type", SECRET_TYPES, "A secure property is a string."),
        Without(("const", "enum", "options"), "A secure property has no value in the manifest."),
        Among("default", (None,), "A secure property has no value in the manifest."),
    ),
)

SIGNATURE_VALUE_RULES = tuple(
    If(
        Is("function", (function,)),
        Needs("key", f"`{function}` needs key.")
        if function.startswith("hmac_")
        else Without(("key",), f"`{function}` takes no key."),
        Without(("input",), f"`{function}` takes no input.")
        if function.startswith("now_")
        else Needs("input", f"`{function}` needs input."),
    )
    for function in SIGNATURE_FUNCTIONS
)


def _foreign_words(kind: str) -> tuple[str, ...]:
    """The members of other types of credentials. Each type may have a name for users."""
    others = frozenset().union(*CREDENTIAL_WORDS.values()) - CREDENTIAL_WORDS[kind] - DESCRIPTIVE
    return tuple(sorted(others))


CREDENTIAL_RULES = (
    If(
        Is("type", ("api_key",)),
        Needs("name", "An api_key needs the name of its header, query parameter, member or cookie."),
        If(
            Is("in", ("header",), or_absent=True),
            Matches("name", HEADER_NAME),
            Unlike("name", OWN_HEADERS, NOT_A_MANIFESTS),
        ),
        If(Is("in", ("cookie",)), Matches("name", COOKIE_NAME)),
    ),
    If(
        Is("type", ("signature",)),
        OneFilled(("headers", "query"), "A signature travels in a header or in the query; name one."),
        NO_OWN_HEADERS,
    ),
    *(
        If(
            Is("type", (kind,)),
            Without(_foreign_words(kind), f"Not used by a credential of type `{kind}`."),
        )
        for kind in CREDENTIAL_WORDS
    ),
)

OAUTH2_RULES = (
    If(
        Is("token_endpoint_auth_method", ("none",)),
        Without(("client_secret",), "Not sent where token_endpoint_auth_method is `none`."),
    ),
    # Every authorization request contains these (RFC 6749 section 4.1.1, RFC 7636 section 4.3).
    NoMemberLike(
        "authorization_params",
        validate.Regexp(
            r"(?:response_type|client_id|redirect_uri|state|code_challenge|code_challenge_method)\Z"
        ),
        "Every sign-in has its own; leave it out.",
    ),
)

OUTPUT_SOURCE_RULES = (ExactlyOne(("header", "cookie"), "Name either `header` or `cookie`."),)

LOGIN_STEP_RULES = (
    ExactlyOne(("path", "url"), "Name either `path` or `url`."),
    AtMostOne(TOKEN_PLACES, "A token comes from one place."),
    *_body_rules("form", "text", "xml"),
    NO_OWN_HEADERS,
)

TLS_RULES = (
    RequiredTogether("client_certificate", "client_key", "A certificate and its key come together."),
)


def _belongs_to(word: str, methods: Iterable[str]) -> tuple[Rule, ...]:
    """These authentication methods require the section under a member, and no others may have it."""
    return tuple(
        If(Is("auth_method", (method,)), Needs(word, f"Needed by auth_method `{method}`."))
        if method in methods
        else If(
            Is("auth_method", (method,), or_absent=method == "none"),
            Without((word,), f"Not used by auth_method `{method}`."),
        )
        for method in AUTH_METHODS
    )


INTEGRATION_RULES = (
    NO_OWN_HEADERS,
    *_belongs_to("oauth2", OAUTH2_METHODS),
    *_belongs_to("login", ("session_token",)),
    If(
        Is("auth_method", ("oauth2_authorization_code",)),
        Inside("oauth2", Needs("authorization_url", "Needed for a person to sign in at the provider.")),
    ),
    If(
        Is("auth_method", ("oauth2_client_credentials",)),
        Inside(
            "oauth2",
            Empty(
                ("authorization_url", "authorization_params"),
                "Not used by auth_method `oauth2_client_credentials`.",
            ),
        ),
    ),
    OneItemHas(
        "login",
        TOKEN_PLACES,
        "One request of the login yields the token: `token_path`, `token_header` or `token_cookie`.",
    ),
    If(
        Lacks("base_url"),
        Each("login", Without(("path",), "There is no base_url to append it to; use `url`.")),
    ),
)

PARAMETER_RULES = (
    *INPUT_RULES,
    If(
        Is("in", ("path",)),
        Among("type", SCALAR_TYPES, "A value `in: path` is a string, a number or a boolean."),
    ),
    If(
        Is("in", ("url",)),
        Without(("from_config",), "A whole URL comes from an input, not from a setting."),
    ),
)


def _other_paginators_words(kind: str) -> tuple[str, ...]:
    return tuple(sorted(frozenset().union(*PAGINATOR_WORDS.values()) - PAGINATOR_WORDS[kind]))


PAGINATE_RULES = (
    If(
        Is("type", ("cursor",)),
        ExactlyOne(("cursor_path", "cursor_header"), "Name either `cursor_path` or `cursor_header`."),
        Needs("cursor_param", "Needed to ask for the next page."),
    ),
    If(Is("type", ("offset",)), Needs("limit", "Needed to know where the next page begins.")),
    If(
        Is("type", ("cursor", "link")),
        Requires("limit", "limit_param", "Needed to ask for pages of this size."),
    ),
    Requires("limit_param", "limit", "Needed by `limit_param`."),
    *(
        If(
            Is("type", (kind,)),
            Without(_other_paginators_words(kind), f"Not used by pages of type `{kind}`."),
        )
        for kind in PAGINATORS
    ),
)


def _reading_rules(method: str) -> tuple[Rule, ...]:
    """What a safe call cannot have."""
    return (
        Without(("body",), f"{method} carries no body."),
        Each(
            "parameters",
            Among("in", tuple(word for word in LOCATIONS if word != "body"), f"{method} carries no body."),
        ),
    )


ENDPOINT_RULES = (
    NO_OWN_HEADERS,
    *(If(Is("method", (method,)), *_reading_rules(method)) for method in READING_METHODS),
    *_body_rules("form", "multipart", "text", "xml", "jsonrpc"),
    If(
        Is("body_format", ("jsonrpc",)),
        Among("method", ("POST",), "JSON-RPC is called by POST."),
        If(
            Is("method", BODY_METHODS, or_absent=True),
            Needs("body", "Write one, an object with a `method`."),
        ),
    ),
    If(
        Is("body_format", ("multipart",)),
        NoMemberLike(
            "headers",
            any_case("content-type"),
            "A multipart body has its own Content-Type, with a boundary in it.",
            at=("headers",),
        ),
    ),
    *(
        If(
            Is("response_type", (kind,)),
            Without(("select",), f"There is nothing to select from a response of type `{kind}`."),
        )
        for kind in RESPONSE_TYPES
        if kind not in VALUE_RESPONSE_TYPES
    ),
    If(
        Is("response_type", tuple(kind for kind in RESPONSE_TYPES if kind != "xml"), or_absent=True),
        Without(("xml",), "Only what is read as XML has it: `response_type: xml`."),
    ),
    If(
        Has("paginate"),
        Among("response_type", ("json",), "Only JSON comes in pages.", at=("paginate", "type")),
    ),
    If(
        AnyItem("parameters", Is("in", ("url",))),
        Among("method", ("GET",), "A whole URL from an input is only fetched by GET."),
        Empty(
            ("path", "headers", "body", "base_url", "paginate"),
            "Nothing is added to a whole URL from an input.",
        ),
        MaxItems("parameters", 1, "Beside a whole URL there is no other parameter."),
    ),
)

_KEEPING_WORDS = ("cache_ttl", "stale_while_revalidate", "stale_if_error")
_SCHEDULING_WORDS = ("refresh_interval", "schedule", "timezone")

BLOCK_RULES = (
    AtMostOne(("endpoint", "steps"), "Name either `endpoint` or `steps`.", at="steps"),
    If(
        Has("action"),
        Without(_KEEPING_WORDS, "The answer of an action is not kept."),
        Without(_SCHEDULING_WORDS, "An action is run by a person only, never ahead."),
        Among("pre_fetch", (False,), "An action is run by a person only, never ahead."),
    ),
)

MANIFEST_RULES = (
    If(
        Within("integration", Is("api_type", ("none",))),
        Empty(("endpoints",), "An integration of api_type `none` calls nothing."),
    ),
    If(
        Within("integration", Is("api_type", ("rest",), or_absent=True)),
        # Without a method, and with any other body format, it is a GET.
        Each(
            "endpoints",
            If(
                Lacks("method"),
                If(Is("body_format", OTHER_BODY_FORMATS, or_absent=True), *_reading_rules("GET")),
            ),
        ),
    ),
    If(
        Within("integration", Is("api_type", ("graphql",))),
        Each(
            "endpoints",
            Among("body_format", GRAPHQL_FORMATS, "GraphQL travels as JSON."),
            If(
                Is("body_format", ("json",), or_absent=True),
                Typed("body", "object", GRAPHQL_BODY, (("query", "string"),)),
                If(
                    Is("method", BODY_METHODS, or_absent=True),
                    Needs("body", "Write one, an object with a `query`."),
                ),
            ),
        ),
    ),
)

DECLARATION_RULES = (
    If(
        Is("type", ("integration",)),
        Inside("manifest", Needs("integration", "An integration needs this section.")),
    ),
    If(
        Is("type", ("view", "theme")),
        Inside(
            "manifest",
            If(
                Lacks("integration"),
                Empty(("endpoints", "blocks"), "Needs an `integration` section that says where to call."),
            ),
        ),
    ),
)
"""What a plugin's type asks of its manifest."""
