"""The rules between the members of each section of a manifest."""

from __future__ import annotations

from collections.abc import Iterable

from marshmallow import validate

from schemas.manifests.answer_rules import ANSWER_RULES
from schemas.manifests.declared import NOT_A_MANIFESTS, OWN_HEADERS
from schemas.manifests.words import (
    AUTH_METHODS,
    BODY_METHODS,
    CHOICE_TYPES,
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
    TOKEN_PLACES,
)
from schemas.rules.rule_kinds import (
    Among,
    AtMostOne,
    Empty,
    ExactlyOne,
    MaxItems,
    Needs,
    NoMemberLike,
    OneFilled,
    OneItemHas,
    OptionList,
    RequiredTogether,
    Requires,
    Typed,
    Without,
    any_case,
)
from schemas.rules.rules import AnyItem, Each, EachFurther, Has, If, Inside, Is, Lacks, Rule, Within

NO_OWN_HEADERS = NoMemberLike("headers", OWN_HEADERS, NOT_A_MANIFESTS)
GRAPHQL_BODY = "The body must be an object with a `query`, and optionally `variables`."
_BODIES: dict[str, tuple[str, str, tuple[tuple[str, str | None], ...]]] = {
    "form": ("object", "The body of a form must be an object.", ()),
    "multipart": ("object", "The body of a form must be an object.", ()),
    "text": ("string", "A text body must be a string.", ()),
    "xml": ("string", "A text body must be a string.", ()),
    "jsonrpc": (
        "object",
        "The body must be an object with a `method`, and optionally `params`.",
        (("method", None),),
    ),
}


def _body_rules(*formats: str) -> tuple[Rule, ...]:
    """The rules for a body in one of these formats."""
    return tuple(If(Is("body_format", (word,)), Typed("body", *_BODIES[word])) for word in formats)


INPUT_RULES = (
    If(
        Is("type", CHOICE_TYPES),
        OneFilled(("options", "enum", "ui"), "`select` and `multiselect` need options."),
        OptionList(
            "options", 1000, "Must be a list of up to 1000 strings, numbers, booleans or {value, label}."
        ),
    ),
)

PROPERTY_RULES = (
    *INPUT_RULES,
    If(
        Is("secure", (True,)),
        Among("type", SECRET_TYPES, "A secure property must have a string type."),
        Without(("const", "enum", "options"), "A secure property cannot have a value in the manifest."),
        Among("default", (None,), "A secure property cannot have a value in the manifest."),
    ),
)

LOGIN_STEP_RULES = (
    ExactlyOne(("path", "url"), "Name exactly one of `path` and `url`."),
    AtMostOne(TOKEN_PLACES, "Name only one place of the token."),
    *_body_rules("form", "text", "xml"),
    NO_OWN_HEADERS,
)

TLS_RULES = (
    RequiredTogether(
        "client_certificate", "client_key", "A certificate and its key must be declared together."
    ),
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
        Inside(
            "oauth2",
            Needs("authorization_url", "Needed: the URL at which a user signs in at the provider."),
            # The exchange of a code and a refresh differ in these (RFC 6749 sections 4.1.3 and 6).
            NoMemberLike(
                "query",
                validate.Regexp(r"(?:grant_type|code|redirect_uri|code_verifier|refresh_token)\Z"),
                "Every token request has its own; leave it out.",
            ),
        ),
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
        "One request of the login must declare where the token is: `token_path`, `token_header` or `token_cookie`.",
    ),
    EachFurther(
        "login",
        Without(("when", "expired_when"), "Declare it on the first request; it counts for the whole login."),
    ),
    If(
        Lacks("base_url"),
        Each(
            "login",
            Without(("path",), "There is no base_url to which the path could be appended; use `url`."),
        ),
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
        Without(("from_config",), "A parameter `in: url` takes its value from an input, not from a setting."),
    ),
)


def _other_paginators_words(kind: str) -> tuple[str, ...]:
    return tuple(sorted(frozenset().union(*PAGINATOR_WORDS.values()) - PAGINATOR_WORDS[kind]))


PAGINATE_RULES = (
    If(
        Is("type", ("cursor",)),
        ExactlyOne(
            ("cursor_path", "cursor_header"), "Name exactly one of `cursor_path` and `cursor_header`."
        ),
        Needs("cursor_param", "Needed to request the next page."),
    ),
    If(Is("type", ("offset",)), Needs("limit", "Needed to know where the next page begins.")),
    If(
        Is("type", ("cursor", "link")),
        Requires("limit", "limit_param", "Needed to request pages of this size."),
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
        Without(("body",), f"A {method} request has no body."),
        Each(
            "parameters",
            Among(
                "in", tuple(word for word in LOCATIONS if word != "body"), f"A {method} request has no body."
            ),
        ),
    )


# Of the others only the head counts.
_READ_TYPES = tuple(kind for kind in RESPONSE_TYPES if kind != "status")

ENDPOINT_RULES = (
    NO_OWN_HEADERS,
    *(If(Is("method", (method,)), *_reading_rules(method)) for method in READING_METHODS),
    *_body_rules("form", "multipart", "text", "xml", "jsonrpc"),
    If(
        Is("body_format", ("jsonrpc",)),
        Among("method", ("POST",), "JSON-RPC needs the method POST."),
        If(
            Is("method", BODY_METHODS, or_absent=True),
            Needs("body", "JSON-RPC needs a body: an object with a `method`."),
        ),
    ),
    If(
        Is("body_format", ("multipart",)),
        NoMemberLike(
            "headers",
            any_case("content-type"),
            "Patchbay sets the Content-Type of a multipart body, because it contains the boundary.",
            at=("headers",),
        ),
    ),
    *ANSWER_RULES,
    If(
        Has("paginate"),
        Among("response_type", ("json",), "Paging needs `response_type: json`.", at=("paginate", "type")),
    ),
    If(
        AnyItem("parameters", Is("in", ("url",))),
        If(
            Is("response_type", _READ_TYPES, or_absent=True),
            Among("method", ("GET",), "A whole URL from an input can only be fetched with GET."),
        ),
        Empty(
            ("path", "headers", "body", "base_url", "paginate"),
            "Not used with a whole URL from an input.",
        ),
        MaxItems("parameters", 1, "A parameter `in: url` must be the only parameter."),
    ),
)

_KEEPING_WORDS = ("cache_ttl", "stale_while_revalidate", "stale_if_error")
_SCHEDULING_WORDS = ("refresh_interval", "schedule", "timezone")

BLOCK_RULES = (
    AtMostOne(("endpoint", "steps"), "Name only one of `endpoint` and `steps`.", at="steps"),
    If(
        Has("action"),
        Without(_KEEPING_WORDS, "Not used by an action: its answer is not stored."),
        Without(_SCHEDULING_WORDS, "Not used by an action: only a user runs it, so it is never prefetched."),
        Among(
            "pre_fetch", (False,), "Not used by an action: only a user runs it, so it is never prefetched."
        ),
    ),
)

MANIFEST_RULES = (
    If(
        Within("integration", Is("api_type", ("none",))),
        Empty(("endpoints",), "Not used by an integration with api_type `none`, which calls nothing."),
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
            Among("body_format", GRAPHQL_FORMATS, "A GraphQL request is sent as JSON."),
            If(
                Is("body_format", ("json",), or_absent=True),
                Typed("body", "object", GRAPHQL_BODY, (("query", "string"),)),
                If(
                    Is("method", BODY_METHODS, or_absent=True),
                    Needs("body", "GraphQL needs a body: an object with a `query`."),
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
                Empty(
                    ("endpoints", "blocks"),
                    "Needs a section `integration`, to which endpoints and blocks belong.",
                ),
            ),
        ),
    ),
)
"""What a plugin's type asks of its manifest."""
