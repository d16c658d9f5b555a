"""Reads the credentials and bodies of a request: user and password, token, cookies, forms, JSON."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import HTTP
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl
from urllib.request import parse_http_list, parse_keqv_list

from examples.sandbox.exchange import Request


def basic_of(request: Request) -> tuple[str, str] | None:
    """User and password of `Authorization: Basic` (RFC 7617); None if missing or unreadable."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None


def bearer_of(request: Request) -> str | None:
    """The token of `Authorization: Bearer` (RFC 6750)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else None


def cookies_of(request: Request) -> dict[str, str]:
    """The cookies by name."""
    return {name: morsel.value for name, morsel in SimpleCookie(request.headers.get("Cookie", "")).items()}


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; empty if the body is declared as something else."""
    if not request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def parts_of(request: Request) -> dict[str, str]:
    """The fields of a form with parts (RFC 7578)."""
    if not request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        return {}
    header = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = message_from_bytes(header + request.body, policy=HTTP)
    if not isinstance(message, EmailMessage):
        return {}
    return {_name_of(part): part.get_content().removesuffix("\n") for part in message.iter_parts()}


def json_of(request: Request) -> Any:
    """The body's JSON value; None if it is not JSON or is declared as something else."""
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        return None
    try:
        return json.loads(request.body)
    except ValueError:
        return None


def has_digest(request: Request, realm: str, user: str, password: str, nonce: str) -> bool:
    """Whether `Authorization: Digest` answers the challenge for this request (RFC 7616, MD5 and `qop=auth`)."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "digest":
        return False
    said = parse_keqv_list(parse_http_list(text))
    expected = {"username": user, "realm": realm, "nonce": nonce, "uri": request.target, "qop": "auth"}
    if any(said.get(name) != value for name, value in expected.items()):
        return False
    secret = _md5(f"{user}:{realm}:{password}")
    asked = _md5(f"{request.method}:{request.target}")
    proof = _md5(f"{secret}:{nonce}:{said.get('nc')}:{said.get('cnonce')}:auth:{asked}")
    return said.get("response") == proof


def digest_challenge(realm: str, nonce: str) -> str:
    """The value of WWW-Authenticate that `has_digest` checks the answer to."""
    return f'Digest realm="{realm}", nonce="{nonce}", algorithm=MD5, qop="auth"'


def _name_of(part: MIMEPart) -> str:
    return str(part.get_param("name", header="content-disposition"))


def _md5(text: str) -> str:
    # The scheme of old devices requires MD5; nothing here is a secret.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
