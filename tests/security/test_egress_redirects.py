"""What travels along a redirect, and where it may lead, over real sockets."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from errors import EgressRefused, PatchbayError, UpstreamFailed, UpstreamInvalid
from tests.egress_calls import SECRET, SPELLINGS_OF_THE_CANARY, MakeEgress, call, carried, egress_maker
from tests.raw_upstreams import Peer, RawUpstream, answering, canary, redirecting, respond


@pytest.fixture
def make_egress() -> Iterator[MakeEgress]:
    with egress_maker() as make:
        yield make


def assert_no_trace_of_the_secret(upstream: RawUpstream) -> None:
    for request in upstream.requests:
        for trace in (
            SECRET,
            quote(SECRET, safe=""),
            quote_plus(SECRET),
            base64.b64encode(SECRET.encode()).decode(),
        ):
            assert trace.encode() not in request


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_a_redirect_to_another_origin_ends_the_call_by_default(make_egress: MakeEgress, status: str) -> None:
    with (
        RawUpstream(answering(respond())) as other,
        RawUpstream(redirecting(other.url("/stolen"), status)) as upstream,
        pytest.raises(UpstreamFailed, match="another origin") as failure,
    ):
        make_egress(upstream, other).send(call(upstream.url(), **carried()))

    assert failure.value.extensions["reason"] == "redirect"
    assert other.authority not in failure.value.detail
    assert other.accepts == 0


def test_an_allowed_redirect_takes_nothing_of_the_call_along(make_egress: MakeEgress) -> None:
    with (
        RawUpstream(answering(respond(b"page"))) as other,
        RawUpstream(redirecting(other.url("/landing?x=1"))) as upstream,
    ):
        asked = call(upstream.url(f"/?key={quote(SECRET, safe='')}"), redirects="any", **carried())
        answer = make_egress(upstream, other).send(asked)

    assert (answer.body, answer.redirected, answer.origin) == (b"page", True, f"http://{other.authority}")
    assert other.requests == [
        b"GET /landing?x=1 HTTP/1.1\r\n"
        b"Host: " + other.authority.encode() + b"\r\n"
        b"User-Agent: Patchbay/test\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept: text/html\r\n\r\n"
    ]


def test_an_accept_header_with_the_secret_stays_behind(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond())) as other, RawUpstream(redirecting(other.url())) as upstream:
        asked = call(
            upstream.url(), redirects="any", headers=(("Accept", SECRET),), secrets=frozenset({SECRET})
        )
        make_egress(upstream, other).send(asked)

    assert SECRET.encode() in upstream.requests[0]
    assert b"accept:" not in other.requests[0].lower()


def test_nothing_travels_on_after_coming_back_to_the_first_origin(make_egress: MakeEgress) -> None:
    other_location: list[str] = []

    def bounce_back(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(respond(b"", status="302 Found", headers=(f"Location: {other_location[0]}",)))

    with RawUpstream(bounce_back) as other:
        start = respond(b"", status="302 Found", headers=(f"Location: {other.url('/b')}",))

        def first_origin(peer: Peer) -> None:
            while (request := peer.read_request()) is not None:
                peer.send(respond(b"home") if b"/back" in request else start)

        with RawUpstream(first_origin) as upstream:
            other_location.append(upstream.url("/back"))
            answer = make_egress(upstream, other).send(call(upstream.url("/a"), redirects="any", **carried()))

    assert answer.body == b"home"
    assert_no_trace_of_the_secret(other)
    assert SECRET.encode() in upstream.requests[0]
    assert SECRET.encode() not in upstream.requests[1]
    assert b"X-Other" not in upstream.requests[1]


def test_a_body_is_never_sent_to_another_origin(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond())) as other:
        for status in ("307 Temporary", "308 Permanent"):
            with RawUpstream(redirecting(other.url(), status)) as upstream, pytest.raises(UpstreamFailed):
                asked = call(upstream.url(), method="POST", body=SECRET.encode(), redirects="any")
                make_egress(upstream, other).send(asked)
        assert other.accepts == 0
        with RawUpstream(redirecting(other.url(), "303 See Other")) as upstream:
            asked = call(upstream.url(), method="POST", body=SECRET.encode(), redirects="any")
            make_egress(upstream, other).send(asked)

    assert other.requests[0].startswith(b"GET / ")
    assert_no_trace_of_the_secret(other)


@pytest.mark.parametrize(
    "trace",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(quote(SECRET, safe=""), safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(f"user:{SECRET}".encode()).decode(),
        quote(base64.b64encode(f"me:{SECRET}:x".encode()).decode(), safe=""),
    ],
)
@pytest.mark.parametrize("place", ["/?stolen={}", "/{}/x"])
def test_a_redirect_that_carries_the_secret_away_is_refused(
    make_egress: MakeEgress, trace: str, place: str
) -> None:
    with RawUpstream(answering(respond())) as other:
        location = other.url(place.format(trace))
        with RawUpstream(redirecting(location)) as upstream, pytest.raises(EgressRefused) as refusal:
            make_egress(upstream, other).send(call(upstream.url(), redirects="any", **carried()))

    assert other.accepts == 0
    assert SECRET not in refusal.value.detail


@pytest.mark.parametrize("redirects", ["same_origin", "any"])
@pytest.mark.parametrize("host", [*SPELLINGS_OF_THE_CANARY, "169.254.169.254", "localhost"])
def test_every_hop_is_judged_anew(make_egress: MakeEgress, redirects: Any, host: str) -> None:
    with (
        canary() as forbidden,
        RawUpstream(redirecting(f"http://{host}:{forbidden.port}/")) as upstream,
        pytest.raises((EgressRefused, UpstreamFailed)) as refusal,
    ):
        make_egress(upstream).send(call(upstream.url(), redirects=redirects))

    assert forbidden.accepts == 0
    assert "127" not in refusal.value.detail


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://user:pass@127.0.0.1/",
        "http:\\\\127.0.0.2/",
        "//127.0.0.2:1/",
        "http://[::1",
        "",
    ],
)
def test_a_redirect_to_something_else_than_an_address_ends(make_egress: MakeEgress, location: str) -> None:
    with RawUpstream(redirecting(location)) as upstream, pytest.raises(PatchbayError) as failure:
        make_egress(upstream).send(call(upstream.url(), redirects="any"))

    assert isinstance(failure.value, EgressRefused | UpstreamFailed)


def test_redirects_within_the_origin_keep_what_the_call_carries(make_egress: MakeEgress) -> None:
    hops = [
        respond(b"", status="307 Temporary", headers=("Location: /two?x=%2F",)),
        respond(b"", status="302 Found", headers=("Location: three#fragment",)),
        respond(b"", status="308 Permanent", headers=("Location: ?café",)),
        respond(b"done"),
    ]

    def handle(peer: Peer) -> None:
        if peer.read_request() is not None:
            peer.send(hops.pop(0))

    with RawUpstream(handle) as upstream:
        headers = (("X-Api-Key", SECRET), ("Content-Type", "text/plain"))
        answer = make_egress(upstream).send(
            call(upstream.url("/one"), method="POST", body=b"data", headers=headers)
        )

    first_lines = [request.split(b"\r\n")[0] for request in upstream.requests]
    assert answer.body == b"done"
    assert answer.redirected
    assert first_lines == [
        b"POST /one HTTP/1.1",
        b"POST /two?x=%2F HTTP/1.1",
        b"GET /three HTTP/1.1",
        b"GET /three?caf%C3%A9 HTTP/1.1",
    ]
    assert upstream.requests[1].endswith(b"\r\n\r\ndata")
    assert b"Content-Type" not in upstream.requests[2]
    assert all(SECRET.encode() in request for request in upstream.requests)


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("PUT", "302 Found", b"PUT"),
        ("DELETE", "301 Moved", b"DELETE"),
        ("PUT", "303 See Other", b"GET"),
        ("HEAD", "303 See Other", b"HEAD"),
        ("POST", "301 Moved", b"GET"),
    ],
)
def test_the_method_changes_as_http_says(
    make_egress: MakeEgress, method: str, status: str, expected: bytes
) -> None:
    final = b"HTTP/1.1 204 No Content\r\n\r\n"
    answers_in_turn = [respond(b"", status=status, headers=("Location: /next",)), final]

    def handle(peer: Peer) -> None:
        if peer.read_request() is not None:
            peer.send(answers_in_turn.pop(0))

    with RawUpstream(handle) as upstream:
        make_egress(upstream).send(call(upstream.url(), method=method))

    assert upstream.requests[1].split(b" ")[0] == expected


def test_redirects_are_answers_where_none_are_wanted(make_egress: MakeEgress) -> None:
    with RawUpstream(redirecting("/elsewhere")) as upstream:
        answer = make_egress(upstream).send(call(upstream.url(), redirects="none"))

    assert (answer.status, answer.headers.get("location")) == (302, "/elsewhere")
    assert len(upstream.requests) == 1


def test_a_circle_of_redirects_ends(make_egress: MakeEgress) -> None:
    with RawUpstream(redirecting("/")) as upstream, pytest.raises(UpstreamInvalid) as failure:
        make_egress(upstream).send(call(upstream.url()))
    assert failure.value.extensions["reason"] == "redirect_loop"

    def spiral(peer: Peer) -> None:
        peer.read_request()
        peer.send(respond(b"", status="302 Found", headers=(f"Location: /{len(upstream.requests)}",)))

    with RawUpstream(spiral) as upstream, pytest.raises(UpstreamInvalid) as failure:
        make_egress(upstream).send(call(upstream.url()))
    assert failure.value.extensions["reason"] == "redirect_loop"
    assert len(upstream.requests) == 6


def test_an_entered_url_is_redirected_to_public_addresses_only(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond())) as lan, RawUpstream(redirecting(lan.url())) as upstream:
        egress = make_egress(lan, url_allow=upstream.authority)

        with pytest.raises(EgressRefused):
            egress.send(call(upstream.url(), public_only=True, redirects="any"))

    assert lan.accepts == 0


def consenting(cookie: str, location: str, *, secure: str = "") -> Any:
    """A handler that sends whoever has no such cookie to the location, and sets it."""
    name = cookie.partition(";")[0].encode()

    def handle(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            if name in request:
                peer.send(respond(b"page"))
            else:
                headers = (f"Location: {location}", f"Set-Cookie: {cookie}{secure}")
                peer.send(respond(b"", status="302 Found", headers=headers))

    return handle


@pytest.mark.parametrize("location", ["/page", "", "?a=b", "/page#top"])
def test_a_page_that_redirects_to_itself_to_set_a_cookie_is_reached(
    make_egress: MakeEgress, location: str
) -> None:
    with RawUpstream(consenting("seen=yes; Path=/", location or "/page")) as upstream:
        egress = make_egress(upstream)
        first = egress.send(call(upstream.url("/page"), headers=(("Accept", "text/html"),)))
        again = egress.send(call(upstream.url("/page")))

    assert (first.body, first.redirected, again.body) == (b"page", True, b"page")
    # The cookie ended with the call: the second one began without it.
    assert [b"Cookie: seen=yes\r\n" in request for request in upstream.requests] == [False, True] * 2
    target = upstream.requests[1].split(b" ")[1]
    assert upstream.requests[1] == (
        b"GET " + target + b" HTTP/1.1\r\nHost: " + upstream.authority.encode() + b"\r\n"
        b"User-Agent: Patchbay/test\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
        b"Accept: text/html\r\nCookie: seen=yes\r\n\r\n"
    )


def test_a_new_value_replaces_the_calls_own_cookie(make_egress: MakeEgress) -> None:
    with RawUpstream(consenting("SID=new-0123456789; Path=/", "/next")) as upstream:
        asked = call(
            upstream.url("/"), headers=(("Cookie", f"SID={SECRET}; t=1"),), secrets=frozenset({SECRET})
        )
        make_egress(upstream).send(asked)

    assert b"Cookie: t=1; SID=new-0123456789\r\n" in upstream.requests[1]


@pytest.mark.parametrize("location", ["{other}/landing", "{other}/page"])
def test_no_cookie_goes_to_another_origin_or_survives_the_way_back(
    make_egress: MakeEgress, location: str
) -> None:
    back: list[str] = []

    def bounce(peer: Peer) -> None:
        while peer.read_request() is not None:
            headers = (f"Location: {back[0]}", "Set-Cookie: theirs=0123456789; Path=/")
            peer.send(respond(b"", status="302 Found", headers=headers))

    def start(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            headers = (
                f"Location: {location.format(other=other.url(''))}",
                "Set-Cookie: ours=0123456789; Path=/",
            )
            is_back = b"/back" in request
            peer.send(respond(b"home") if is_back else respond(b"", status="302 Found", headers=headers))

    with RawUpstream(bounce) as other, RawUpstream(start) as upstream:
        back.append(upstream.url("/back"))
        asked = call(upstream.url("/a"), redirects="any", headers=(("Cookie", "SID=s-0123456789"),))
        answer = make_egress(upstream, other).send(asked)

    assert answer.body == b"home"
    assert b"cookie" not in b"".join([*other.requests, upstream.requests[1]]).lower()


def test_the_page_behind_a_foreign_redirect_may_set_cookies_for_itself(make_egress: MakeEgress) -> None:
    with (
        RawUpstream(consenting("seen=yes", "/landing")) as other,
        RawUpstream(redirecting(other.url("/landing"))) as upstream,
    ):
        answer = make_egress(upstream, other).send(call(upstream.url(), redirects="any", **carried()))

    assert answer.body == b"page"
    assert_no_trace_of_the_secret(other)


@pytest.mark.parametrize(
    "echo",
    [
        f"echo={SECRET}",
        f"echo={quote(SECRET, safe='')}",
        f"echo={base64.b64encode(SECRET.encode()).decode()}",
        f"{quote(SECRET, safe='')}=1",
        f"echo=1; Path=/{SECRET}",
    ],
)
def test_a_secret_echoed_in_a_cookie_is_not_sent_back_in_one(make_egress: MakeEgress, echo: str) -> None:
    start = respond(
        b"", status="302 Found", headers=("Location: /two", f"Set-Cookie: {echo}", "Set-Cookie: b=2")
    )

    def handle(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(respond(b"done") if b" /two" in request else start)

    with RawUpstream(handle) as upstream:
        asked = call(upstream.url("/one"), headers=(("X-Api-Key", SECRET),), secrets=frozenset({SECRET}))
        make_egress(upstream).send(asked)

    assert b"\r\nCookie: b=2\r\n" in upstream.requests[1]


def test_the_calls_own_cookie_may_be_set_again(make_egress: MakeEgress) -> None:
    again = f"Set-Cookie: SID={SECRET}; Path=/; Max-Age=600"
    start = respond(b"", status="302 Found", headers=("Location: /two", again))

    def handle(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(respond(b"done") if b" /two" in request else start)

    with RawUpstream(handle) as upstream:
        asked = call(
            upstream.url("/one"), headers=(("Cookie", f"SID={SECRET}"),), secrets=frozenset({SECRET})
        )
        make_egress(upstream).send(asked)

    assert f"\r\nCookie: SID={SECRET}\r\n".encode() in upstream.requests[1]


def test_cookies_make_no_endless_way(make_egress: MakeEgress) -> None:
    def count(peer: Peer) -> None:
        while peer.read_request() is not None:
            headers = ("Location: /", f"Set-Cookie: n={len(upstream.requests)}")
            peer.send(respond(b"", status="302 Found", headers=headers))

    with RawUpstream(count) as upstream, pytest.raises(UpstreamInvalid) as failure:
        make_egress(upstream).send(call(upstream.url()))

    assert failure.value.extensions["reason"] == "redirect_loop"
    assert len(upstream.requests) == 6
