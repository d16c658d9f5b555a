"""Where a redirect leads, and what of a request may be sent there (RFC 9110 section 15.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urldefrag, urljoin

from errors import EgressRefused, UpstreamFailed, UpstreamInvalid
from integrations.egress.cookies import (
    Cookie,
    cookie_header,
    cookies_after,
    cookies_of_header,
    read_set_cookie,
)
from integrations.egress.messages import Headers, PreparedCall
from integrations.egress.urls import Destination, read_url
from integrations.redaction.redactor import hidden_secrets, is_short
from integrations.redaction.secret_encodings import SecretEncodings

MAX_REDIRECTS = 5

_REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_CONTENT_HEADERS = frozenset(
    {"content-type", "content-encoding", "content-language", "content-location", "digest", "last-modified"}
)
# A validator belongs to one URL; another one may have the same tag by chance (RFC 9110 section 8.8.3).
_VALIDATOR_HEADERS = frozenset({"if-none-match", "if-modified-since"})
_ASCII_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a call. `is_foreign`: the call has left its origin, so nothing of it is sent on."""

    method: str
    url: str
    destination: Destination
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    is_foreign: bool = False
    is_redirected: bool = False
    is_repeatable: bool = True
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    """What the next request to this origin carries in its Cookie header, as far as its path and the cookies allow."""

    def __repr__(self) -> str:
        return f"<Hop {self.method} {self.destination.origin}>"


def first_hop(call: PreparedCall) -> Hop:
    """The request that a call asks for; EgressRefused when its URL cannot be called."""
    try:
        destination = read_url(call.url)
    except ValueError as error:
        # The messages of read_url are ours and quote nothing.
        raise EgressRefused(str(error), reason="url") from None
    return Hop(
        call.method,
        call.url,
        destination,
        call.headers,
        call.body,
        is_repeatable=call.is_repeatable,
        cookies=cookies_of_header(_own_cookies(call.headers)),
    )


def is_followed(call: PreparedCall, status: int, headers: Headers) -> bool:
    """Whether an answer is a redirect that the call follows; if not, it is the answer."""
    return call.redirects != "none" and status in _REDIRECT_STATUSES and headers.get("Location") is not None


def next_hop(call: PreparedCall, hop: Hop, status: int, headers: Headers, now: float) -> Hop:
    """The request that a redirect asks for, with the cookies that it set for its own origin. `now`: epoch seconds.

    Raises UpstreamFailed (reason "redirect") when it leads where the call may not follow, EgressRefused when
    it leads to something that cannot be called or carries a secret away.
    """
    url = _read_location(hop, headers)
    try:
        destination = read_url(url)
    except ValueError as error:
        raise EgressRefused(f"The provider's redirect was refused. {error}", reason="redirect") from None
    following = _with_method_of(hop, status, url, destination)
    if destination.origin == hop.destination.origin:
        return _with_cookies(following, cookies_after(hop.cookies, _kept(call, headers), hop.url, now))
    _check_departure(call, following, hop.destination)
    return _without_belongings(call, following)


def _own_cookies(headers: Iterable[tuple[str, str]]) -> str:
    return next((value for name, value in headers if name.lower() == "cookie"), "")


def _kept(call: PreparedCall, headers: Headers) -> list[str]:
    """The Set-Cookie headers without those that repeat a secret, which would then be sent in another place.

    A cookie that the call carries may be set again to the same value.
    """
    own = {(item.name, item.value) for item in cookies_of_header(_own_cookies(call.headers))}
    hidden = hidden_secrets(call.secrets)

    def may_return(line: str) -> bool:
        made = read_set_cookie(line)
        is_own = made is not None and (made.name, made.value) in own
        return is_own or not carries_secret(line, hidden)

    return [line for line in headers.get_all("Set-Cookie") if may_return(line)]


def _with_cookies(following: Hop, cookies: tuple[Cookie, ...]) -> Hop:
    text = cookie_header(cookies, following.url)
    others = tuple(pair for pair in following.headers if pair[0].lower() != "cookie")
    headers = others if text is None else (*others, ("Cookie", text))
    return replace(following, headers=headers, cookies=cookies)


def _read_location(hop: Hop, headers: Headers) -> str:
    locations = {location.strip(" \t") for location in headers.get_all("Location")}
    location = locations.pop()
    if locations or _CONTROL.search(location):
        raise UpstreamInvalid("The provider's redirect cannot be read.", reason="redirect")
    # Header bytes came as Latin-1; many providers write paths in raw UTF-8, which browsers percent-encode.
    location = quote(location.encode("latin-1"), safe=_ASCII_PRINTABLE)
    try:
        return urldefrag(urljoin(hop.url, location)).url
    except ValueError:
        raise UpstreamInvalid("The provider's redirect cannot be read.", reason="redirect") from None


def _with_method_of(hop: Hop, status: int, url: str, destination: Destination) -> Hop:
    kept = tuple(pair for pair in hop.headers if pair[0].lower() not in _VALIDATOR_HEADERS)
    following = replace(hop, url=url, destination=destination, headers=kept, is_redirected=True)
    becomes_get = (status == 303 and hop.method not in _SAFE_METHODS) or (
        status in (301, 302) and hop.method == "POST"
    )
    if not becomes_get:
        return following
    headers = tuple(pair for pair in hop.headers if pair[0].lower() not in _CONTENT_HEADERS)
    return replace(following, method="GET", headers=headers, body=None)


def _check_departure(call: PreparedCall, following: Hop, left: Destination) -> None:
    if call.redirects != "any":
        raise UpstreamFailed(
            "The provider redirects to another origin, which this endpoint does not allow.", reason="redirect"
        )
    if following.method not in _SAFE_METHODS:
        raise UpstreamFailed(
            "The provider redirects a call that changes something to another origin.", reason="redirect"
        )
    if call.secrets and left.scheme == "https" and following.destination.scheme == "http":
        raise UpstreamFailed("The provider redirects from https to http.", reason="redirect")
    # Do not reveal whether a short secret is there: all short ones can be tried in a few redirects.
    if any(map(is_short, call.secrets)) or carries_secret(following.url, call.secrets):
        raise EgressRefused(
            "The provider's redirect may carry a secret to another origin.", reason="redirect"
        )


def _without_belongings(call: PreparedCall, following: Hop) -> Hop:
    accepts = tuple(
        (name, value)
        for name, value in call.headers
        if name.lower() == "accept" and not carries_secret(value, call.secrets)
    )
    return replace(following, headers=accepts, body=None, is_foreign=True, cookies=())


def carries_secret(text: str, secrets: Iterable[str]) -> bool:
    """Whether the text contains any of the secrets, plain or encoded, percent-encoded twice at most."""
    readings = {reading.encode() for reading in (text, unquote(text), unquote(unquote(text)))}
    forms = [SecretEncodings(secret) for secret in secrets if secret]
    return any(form.found_in(reading) for form in forms for reading in readings)
