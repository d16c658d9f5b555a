"""The examples together cover every kind of credential, token, page, body and answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.manifests.words import (
    API_TYPES,
    AUTH_METHODS,
    BODY_FORMATS,
    PAGINATORS,
    RESPONSE_TYPES,
    SIGNATURE_FUNCTIONS,
)
from tests.examples.stage import INTEGRATIONS

SECTIONS = [example["manifest"]["integration"] for example in INTEGRATIONS.values()]
ENDPOINTS = [endpoint for example in INTEGRATIONS.values() for endpoint in example["manifest"]["endpoints"]]


def _credentials() -> Iterator[dict[str, Any]]:
    for section in SECTIONS:
        declared = section.get("auth", [])
        yield from declared if isinstance(declared, list) else [declared]


def _logins() -> Iterator[list[dict[str, Any]]]:
    for section in SECTIONS:
        if "login" in section:
            yield section["login"] if isinstance(section["login"], list) else [section["login"]]


def test_every_way_to_authenticate_is_shown():
    assert {section["auth_method"] for section in SECTIONS} == set(AUTH_METHODS)
    assert {item["type"] for item in _credentials()} == {"api_key", "basic", "digest", "signature"}


def test_a_key_is_shown_in_every_place():
    keys = [item for item in _credentials() if item["type"] == "api_key"]

    assert {item["in"] for item in keys} == {"header", "query", "body", "cookie"}


def test_a_value_of_several_properties_a_constant_half_and_alternatives_are_shown():
    values = [item["value"] for item in _credentials() if item["type"] == "api_key"]
    passwords = {item["password"] for item in _credentials() if item["type"] == "basic"}
    alternatives = [
        {item.get("when") for item in section["auth"]}
        for section in SECTIONS
        if isinstance(section.get("auth"), list)
    ]

    assert any(value.count("{") > 1 for value in values)
    assert {"", "X"} <= passwords
    assert {"access_token", "username"} in alternatives


def test_a_session_is_shown_from_body_header_and_cookie_and_in_two_steps():
    sources = {word for steps in _logins() for step in steps for word in step if word.startswith("token_")}

    assert sources == {"token_path", "token_header", "token_cookie"}
    assert {len(steps) for steps in _logins()} == {1, 2}


def test_both_ways_to_prove_a_client_are_shown():
    methods = {
        section["oauth2"].get("token_endpoint_auth_method", "client_secret_basic")
        for section in SECTIONS
        if "oauth2" in section
    }

    assert methods == {"client_secret_basic", "client_secret_post"}


def test_every_paginator_is_shown_and_a_cursor_in_header_query_and_body():
    paginators = [endpoint["paginate"] for endpoint in ENDPOINTS if "paginate" in endpoint]
    cursors = [paginate for paginate in paginators if paginate["type"] == "cursor"]

    assert {paginate["type"] for paginate in paginators} == set(PAGINATORS)
    assert {word for paginate in cursors for word in paginate if word.startswith("cursor_")} == {
        "cursor_path",
        "cursor_header",
        "cursor_param",
    }
    assert {endpoint.get("method", "GET") for endpoint in ENDPOINTS if "paginate" in endpoint} == {
        "GET",
        "POST",
    }


def test_every_type_of_answer_and_every_format_of_body_is_shown():
    assert {endpoint.get("response_type", "json") for endpoint in ENDPOINTS} == set(RESPONSE_TYPES)
    with_body = [endpoint for endpoint in ENDPOINTS if endpoint.get("method") == "POST" or "body" in endpoint]
    assert {endpoint.get("body_format", "json") for endpoint in with_body} == set(BODY_FORMATS)


def test_rest_and_graphql_are_shown_and_a_signature_with_time_and_key():
    assert {section["api_type"] for section in SECTIONS} == set(API_TYPES) - {"none"}
    functions = {value["function"] for item in _credentials() for value in item.get("values", ())}
    assert functions == {"now_epoch", "hmac_sha256_hex"} < set(SIGNATURE_FUNCTIONS)


def test_whatever_only_reads_by_post_says_so():
    """Nothing that an example draws changes anything at the provider: what does is an action."""
    drawn = {
        (id_, step["endpoint"])
        for id_, example in INTEGRATIONS.items()
        for block in example["manifest"]["blocks"]
        if "action" not in block
        for step in block.get("steps", [block])
    }
    unsafe = {
        (id_, endpoint["id"])
        for id_, example in INTEGRATIONS.items()
        for endpoint in example["manifest"]["endpoints"]
        if endpoint.get("method", "GET") not in {"GET", "HEAD"} and not endpoint.get("safe")
    }

    assert drawn & unsafe == set()
