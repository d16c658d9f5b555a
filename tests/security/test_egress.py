"""Where a call may go, over real sockets: a canary listens where nothing may arrive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from errors import DeadlineExceeded, EgressRefused, PatchbayError, UpstreamFailed
from tests.egress_calls import (
    SECRET,
    SPELLINGS_OF_THE_CANARY,
    MakeEgress,
    answers,
    call,
    carried,
    egress_maker,
)
from tests.raw_upstreams import Peer, RawUpstream, answering, canary, respond


@pytest.fixture
def make_egress() -> Iterator[MakeEgress]:
    with egress_maker() as make:
        yield make


@pytest.mark.parametrize("host", SPELLINGS_OF_THE_CANARY)
@pytest.mark.parametrize("public_only", [False, True])
def test_no_spelling_of_a_private_address_is_connected_to(
    make_egress: MakeEgress, host: str, public_only: bool
) -> None:
    with canary() as forbidden:
        # What the list opens elsewhere opens nothing here.
        egress = make_egress(allow="127.0.0.1:1,10.0.0.0/8")

        with pytest.raises(EgressRefused):
            egress.send(call(f"http://{host}:{forbidden.port}/", public_only=public_only))

    assert forbidden.accepts == 0


@pytest.mark.parametrize(
    "found",
    [
        "127.0.0.2",
        "8.8.8.8 127.0.0.2",
        "127.0.0.2 8.8.8.8",
        "::ffff:127.0.0.2",
        "::1",
        "10.0.0.1",
        "169.254.169.254",
        "fe80::1%1",
        "0.0.0.0",
    ],
)
def test_a_name_with_any_private_answer_is_refused_and_not_told_why(
    make_egress: MakeEgress, found: str
) -> None:
    with canary() as forbidden:
        egress = make_egress(resolve=answers(found))

        with pytest.raises(EgressRefused) as refusal:
            egress.send(call(f"http://api.example.com:{forbidden.port}/path?key=value"))

    assert forbidden.accepts == 0
    assert "api.example.com" in refusal.value.detail
    for private in (*found.split(), "path", "key"):
        assert private not in refusal.value.detail


@pytest.mark.parametrize("host", ["metadata.google.internal", "METADATA.google.internal.", "instance-data"])
def test_a_metadata_service_is_not_even_looked_up(make_egress: MakeEgress, host: str) -> None:
    looked_up: list[str] = []

    def resolve(name: str, port: int, **hints: Any) -> list[tuple[Any, ...]]:
        looked_up.append(name)
        return answers("127.0.0.1")(name, port)

    with RawUpstream(answering(respond())) as upstream:
        egress = make_egress(allow="0.0.0.0/0", resolve=resolve)
        with pytest.raises(EgressRefused, match="never called"):
            egress.send(call(f"http://{host}:{upstream.port}/"))

    assert looked_up == []
    assert upstream.accepts == 0


def test_a_name_that_turns_private_between_calls_reaches_nothing(make_egress: MakeEgress) -> None:
    with canary() as forbidden:
        # 192.0.2.1 answers nobody: allowed by the list here, it stands for a public address.
        resolve = answers("192.0.2.1", "127.0.0.2")
        egress = make_egress(allow="192.0.2.0/24", resolve=resolve, connect_timeout_seconds=0.05)

        with pytest.raises(PatchbayError) as first:
            egress.send(call(f"http://rebind.test:{forbidden.port}/"))
        with pytest.raises(EgressRefused):
            egress.send(call(f"http://rebind.test:{forbidden.port}/"))

    assert not isinstance(first.value, EgressRefused)
    assert forbidden.accepts == 0


def test_one_call_looks_its_name_up_once_and_connects_to_what_was_judged(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond(b"judged"))) as upstream, canary() as forbidden:
        egress = make_egress(allow="127.0.0.1/32", resolve=answers("127.0.0.1", "127.0.0.2"))

        answer = egress.send(call(f"http://api.test:{upstream.port}/"))

    assert answer.body == b"judged"
    assert upstream.requests[0].startswith(b"GET / HTTP/1.1\r\nHost: api.test:")
    assert forbidden.accepts == 0


def test_a_connection_kept_by_a_manifests_call_does_not_serve_an_entered_url(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond())) as upstream:
        egress = make_egress(allow=f"lan.test:{upstream.port}", resolve=answers("127.0.0.1"))
        egress.send(call(f"http://lan.test:{upstream.port}/"))

        with pytest.raises(EgressRefused):
            egress.send(call(f"http://lan.test:{upstream.port}/", public_only=True))

    assert len(upstream.requests) == 1


def test_entered_urls_have_a_list_of_their_own(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond())) as upstream:
        egress = make_egress(url_allow=upstream.authority)

        assert egress.send(call(upstream.url(), public_only=True)).status == 200
        with pytest.raises(EgressRefused):
            egress.send(call(upstream.url()))


def test_our_own_listener_is_not_called_even_when_allowed(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond())) as own:
        for listener in [("127.0.0.1", own.port), ("0.0.0.0", own.port), ("::", own.port)]:
            egress = make_egress(own, allow="127.0.0.0/8", own_listeners=[listener])
            with pytest.raises(EgressRefused, match="Patchbay itself"):
                egress.send(call(own.url()))

    assert own.accepts == 0


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://user:pass@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://127.0.0.1/#x",
        "http://127.0.0.1/\r\nX: y",
        "http://127.0.0.1/é",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
    ],
)
def test_a_malformed_url_is_refused_before_anything_is_opened(make_egress: MakeEgress, url: str) -> None:
    with pytest.raises(EgressRefused):
        make_egress(allow="127.0.0.0/8").send(call(url))


def test_verdict_tells_without_a_look_up(make_egress: MakeEgress) -> None:
    def resolve(*args: Any, **kwargs: Any) -> list[tuple[Any, ...]]:
        raise AssertionError("no name may be looked up")

    egress = make_egress(allow="nas.local:80", resolve=resolve)

    assert egress.verdict("https://api.example.com/").allowed
    assert egress.verdict("http://nas.local/").allowed
    assert not egress.verdict("http://10.0.0.1/").allowed
    assert not egress.verdict("http://10.0.0.1/", public_only=True).allowed
    assert not egress.verdict("nonsense").allowed


TARGETS = [
    "/a/../b/./c//d",
    "/%2e%2e/%2E%2E/%2f%2F",
    "/x%7ey/%zz/100%",
    "/search?q=a+b%20c&&=&x",
    "/?",
    "/?a?b/../c",
    "/;p=1,2/(x)!*'$@:",
    '/{curly}|pipe^caret`tick"quote<angle>',
    "/[brackets]?f[]=1",
]


@pytest.mark.parametrize("target", TARGETS)
def test_path_and_query_leave_byte_for_byte(make_egress: MakeEgress, target: str) -> None:
    with RawUpstream(answering(respond())) as upstream:
        make_egress(upstream).send(call(upstream.url(target)))

    assert upstream.requests[0].split(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()


def test_a_request_carries_what_was_given_and_framing_only(make_egress: MakeEgress) -> None:
    headers = (
        ("X-b", "1"),
        ("x-A", "two  spaces"),
        ("X-b", "3"),
        ("Content-Type", "text/plain"),
        ("é"[:0] + "Z", "é"),
    )
    with RawUpstream(answering(respond())) as upstream:
        make_egress(upstream).send(call(upstream.url("/p"), method="POST", headers=headers, body=b"body"))

    assert upstream.requests[0] == (
        b"POST /p HTTP/1.1\r\n"
        b"Host: " + upstream.authority.encode() + b"\r\n"
        b"Content-Length: 4\r\n"
        b"User-Agent: Patchbay/test\r\n"
        b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
        b"X-b: 1\r\nx-A: two  spaces\r\nX-b: 3\r\nContent-Type: text/plain\r\nZ: \xe9\r\n"
        b"\r\nbody"
    )


@pytest.mark.parametrize(
    "header",
    [
        ("Host", "evil.test"),
        ("content-length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Proxy-Authorization", "Basic x"),
        ("X-A", "a\r\nX-B: b"),
        ("X-A", "a\nX-B: b"),
        ("X-A", "a\r\n folded"),
        ("X-A", "a\x00b"),
        ("X-A", "\u2028"),
        ("X A", "1"),
        ("X-A:", "1"),
        ("", "1"),
    ],
)
def test_a_header_that_would_change_the_request_is_refused(
    make_egress: MakeEgress, header: tuple[str, str]
) -> None:
    with RawUpstream(answering(respond())) as upstream, pytest.raises(EgressRefused):
        make_egress(upstream).send(call(upstream.url(), headers=(header,)))

    assert upstream.accepts == 0


def test_proxy_variables_and_netrc_are_ignored(
    make_egress: MakeEgress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"default login user password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with RawUpstream(answering(respond())) as upstream, canary() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.authority}")
        make_egress(upstream).send(call(upstream.url()))

    assert proxy.accepts == 0
    assert b"authorization" not in upstream.requests[0].lower()


def test_cookies_are_not_kept_from_one_call_to_the_next(make_egress: MakeEgress) -> None:
    def handle(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            where = ("Location: /next",) if request.startswith(b"GET / ") else ()
            status = "302 Found" if where else "200 OK"
            peer.send(respond(b"", status=status, headers=(*where, "Set-Cookie: sid=1; Path=/")))

    with RawUpstream(handle) as upstream:
        egress = make_egress(upstream)
        egress.send(call(upstream.url()))
        egress.send(call(upstream.url()))

    assert len(upstream.requests) == 4
    # A cookie of a redirect goes along with it, and ends with its call.
    assert [b"cookie" in request.lower() for request in upstream.requests] == [False, True, False, True]


def test_failures_say_nothing_of_the_url_or_the_library(
    make_egress: MakeEgress, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    said = [
        b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"",
    ]
    for data in said:

        def handle(peer: Peer, data: bytes = data) -> None:
            peer.read_request()
            peer.send(data)

        with RawUpstream(handle) as upstream, pytest.raises(UpstreamFailed) as failure:
            make_egress(upstream).send(call(upstream.url(f"/secret-path?key={SECRET}"), **carried()))
        shown = f"{failure.value.detail} {failure.value.extensions} {caplog.text}"
        assert SECRET not in shown
        assert "secret-path" not in shown
        assert failure.value.__cause__ is None
        assert failure.value.__context__ is None or failure.value.__suppress_context__


def test_an_answer_shows_neither_body_nor_secret_when_printed(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond(SECRET.encode()))) as upstream:
        asked = call(upstream.url(f"/{SECRET}"), body=SECRET.encode(), **carried())
        answer = make_egress(upstream).send(asked)

    assert SECRET.encode() in answer.body
    assert SECRET not in f"{answer!r} {asked!r}"


def test_pool_and_guard_stand_up_to_64_threads(make_egress: MakeEgress) -> None:
    def echo(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(respond(request.split(b" ")[1]))

    with RawUpstream(echo) as upstream:
        egress = make_egress(upstream, pool_size=8)
        wrong: list[object] = []
        start = threading.Barrier(64)

        def work(number: int) -> None:
            start.wait()
            for turn in range(5):
                target = f"/{number}/{turn}"
                try:
                    body = egress.send(call(upstream.url(target), timeout_seconds=30)).body
                except PatchbayError as error:
                    body = error
                if body != target.encode():
                    wrong.append(body)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert wrong == []
    assert len(upstream.requests) == 320


def test_a_spent_deadline_sends_nothing(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond())) as upstream:
        egress = make_egress(upstream)
        for seconds in (0, -1):
            with pytest.raises(DeadlineExceeded):
                egress.send(call(upstream.url()), deadline_seconds=seconds)

    assert upstream.requests == []
