"""The rules between the members of credentials, and of where tokens come from."""

from __future__ import annotations

from marshmallow import validate

from schemas.manifests.declared import DESCRIPTIVE, HEADER_NAME, NOT_A_MANIFESTS, OWN_HEADERS
from schemas.manifests.manifest_rules import NO_OWN_HEADERS
from schemas.manifests.words import CREDENTIAL_WORDS, SIGNATURE_FUNCTIONS
from schemas.rules.rule_kinds import (
    Among,
    ExactlyOne,
    Matches,
    Needs,
    NoMemberLike,
    OneFilled,
    Requires,
    Unlike,
    Without,
)
from schemas.rules.rules import If, Is

COOKIE_NAME = validate.Regexp(
    HEADER_NAME.regex.pattern, error="Not a cookie's name (RFC 6265 section 4.1.1)."
)

SIGNATURE_VALUE_RULES = tuple(
    If(
        Is("function", (function,)),
        Needs("key", f"`{function}` needs a `key`.")
        if function.startswith("hmac_")
        else Without(("key",), f"`{function}` takes no `key`."),
        Without(("input",), f"`{function}` takes no `input`.")
        if function.startswith("now_")
        else Needs("input", f"`{function}` needs an `input`."),
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
        Needs("name", "Needed: the name of the header, query parameter, body member or cookie for the key."),
        If(
            Is("in", ("header",), or_absent=True),
            Matches("name", HEADER_NAME),
            Unlike("name", OWN_HEADERS, NOT_A_MANIFESTS),
        ),
        If(Is("in", ("cookie",)), Matches("name", COOKIE_NAME)),
    ),
    If(
        Is("type", ("signature",)),
        OneFilled(
            ("headers", "query"), "Name at least one header or query parameter that carries the signature."
        ),
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
        Without(("client_secret",), "Not used if token_endpoint_auth_method is `none`."),
    ),
    If(
        Is("token_endpoint_auth_method", ("client_secret_post", "none")),
        Without(("client_secret_encoding",), "Only `client_secret_basic` encodes the secret."),
    ),
    If(
        Is("body_format", ("none",)),
        Among(
            "token_endpoint_auth_method",
            ("client_secret_basic", "none"),
            "Without a body there is no place for it: use `client_secret_basic`, or `none` and `query`.",
        ),
    ),
    # Every authorization request contains these (RFC 6749 section 4.1.1, RFC 7636 section 4.3).
    NoMemberLike(
        "authorization_params",
        validate.Regexp(
            r"(?:response_type|client_id|redirect_uri|state|code_challenge|code_challenge_method)\Z"
        ),
        "Patchbay sets this parameter for each sign-in; leave it out.",
    ),
)

SESSION_END_RULES = (
    OneFilled(("body", "status_codes", "header", "redirect"), "Name what shows the end of a session."),
    Requires("pattern", "header", "Name the header whose value it is for."),
)

OUTPUT_SOURCE_RULES = (ExactlyOne(("header", "cookie"), "Name exactly one of `header` and `cookie`."),)
