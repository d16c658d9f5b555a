"""Who is called is proved before anything is sent, and who calls is shown to nobody else."""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from errors import DeadlineExceeded, SettingsIncomplete, UpstreamFailed, UpstreamUnreachable
from integrations.egress.messages import Tls
from tests.certificates import DAY, Authority, fingerprint_of
from tests.egress_calls import SECRET, MakeEgress, answers, call, carried, egress_maker
from tests.raw_upstreams import Peer, RawUpstream, answering, redirecting, respond


@pytest.fixture
def make_egress() -> Iterator[MakeEgress]:
    with egress_maker() as make:
        yield make


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _unreachable(make_egress: MakeEgress, upstream: RawUpstream, **more: Any) -> str:
    with upstream, pytest.raises(UpstreamUnreachable) as failure:
        make_egress(upstream).send(call(f"https://{upstream.authority}/", **more))
    assert failure.value.extensions["reason"] == "tls"
    assert upstream.requests == []
    return failure.value.detail


def _serving(authority: Authority, certificate: tuple[str, str], **more: Any) -> RawUpstream:
    return RawUpstream(answering(respond(b"proved")), tls=authority.server_context(certificate, **more))


def test_a_provider_with_a_trusted_certificate_is_called(
    make_egress: MakeEgress, authority: Authority
) -> None:
    with _serving(authority, authority.issue("127.0.0.1")) as upstream:
        egress = make_egress(upstream)
        tls = Tls(ca_file=authority.ca_file)
        bodies = [egress.send(call(upstream.url(), tls=tls)).body for _ in range(2)]

    assert bodies == [b"proved", b"proved"]
    assert upstream.accepts == 1


def test_a_name_is_proved_by_its_name_whatever_address_it_has(
    make_egress: MakeEgress, authority: Authority
) -> None:
    context = authority.server_context(authority.issue("api.test"))
    asked_for: list[str | None] = []
    context.sni_callback = lambda sock, name, ctx: asked_for.append(name)
    with RawUpstream(answering(respond()), tls=context) as upstream:
        egress = make_egress(allow="127.0.0.1/32", resolve=answers("127.0.0.1"))
        tls = Tls(ca_file=authority.ca_file)

        assert egress.send(call(f"https://API.test.:{upstream.port}/", tls=tls)).status == 200
        with pytest.raises(UpstreamUnreachable, match="another host"):
            egress.send(call(f"https://other.test:{upstream.port}/", tls=tls))

    assert asked_for == ["api.test", "other.test"]
    assert upstream.requests[0].startswith(b"GET / HTTP/1.1\r\nHost: api.test:")


def test_what_is_wrong_with_a_certificate_is_said_in_words(
    make_egress: MakeEgress, authority: Authority, tmp_path: Path
) -> None:
    tls = Tls(ca_file=authority.ca_file)
    expired = _serving(authority, authority.issue("127.0.0.1", starts=-2 * DAY, ends=-DAY))
    future = _serving(authority, authority.issue("127.0.0.1", starts=DAY, ends=2 * DAY))
    elsewhere = _serving(authority, authority.issue("127.0.0.9", "example.com"))
    stranger = Authority(tmp_path, "Stranger")
    unknown = _serving(stranger, stranger.issue("127.0.0.1"))
    known_to_nobody = _serving(authority, authority.issue("127.0.0.1"))

    assert "expired" in _unreachable(make_egress, expired, tls=tls)
    assert "not valid yet" in _unreachable(make_egress, future, tls=tls)
    assert "another address" in _unreachable(make_egress, elsewhere, tls=tls)
    assert "unknown issuer" in _unreachable(make_egress, unknown, tls=tls)
    assert "unknown issuer" in _unreachable(make_egress, known_to_nobody)


def test_a_provider_without_tls_is_told_from_one_with_a_bad_certificate(make_egress: MakeEgress) -> None:
    plain = RawUpstream(lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"))

    assert "http://" in _unreachable(make_egress, plain)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_old_versions_of_tls_are_not_spoken(make_egress: MakeEgress, authority: Authority) -> None:
    context = authority.server_context(authority.issue("127.0.0.1"))
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    upstream = RawUpstream(answering(respond()), tls=context)

    _unreachable(make_egress, upstream, tls=Tls(ca_file=authority.ca_file))


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_does_not_change_who_is_trusted(
    make_egress: MakeEgress, authority: Authority, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, authority.ca_file)

    _unreachable(make_egress, _serving(authority, authority.issue("127.0.0.1")))


def test_a_client_certificate_is_shown_and_leaves_no_file(
    make_egress: MakeEgress, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    certificate, key = authority.issue("client")
    known = Tls(ca_file=authority.ca_file, client_cert_pem=certificate, client_key_pem=key)
    server = authority.issue("127.0.0.1")
    with _serving(authority, server, asks_client=True) as upstream:
        egress = make_egress(upstream)

        assert egress.send(call(upstream.url(), tls=known)).status == 200
        # A kept connection belongs to the one who opened it. (The server's alert may be lost to its reset.)
        with pytest.raises(UpstreamUnreachable, match=r"client certificate|closed the connection"):
            egress.send(call(upstream.url(), tls=Tls(ca_file=authority.ca_file)))

    assert len(upstream.requests) == 1
    assert list(scratch.iterdir()) == []
    assert key not in repr(known)


@pytest.mark.parametrize("broken", ["", "no pem", "encrypted"])
def test_an_unusable_client_key_is_a_settings_fault_and_asks_nobody_for_a_password(
    make_egress: MakeEgress, authority: Authority, broken: str
) -> None:
    certificate, encrypted_key = authority.issue("client", password=b"unknown to us")
    key = encrypted_key if broken == "encrypted" else broken
    tls = Tls(authority.ca_file, certificate, key, settings=(("client_certificate", "cert"),))
    with pytest.raises(SettingsIncomplete, match="client certificate") as fault:
        make_egress().check_settings(call("https://api.test/", tls=tls))

    assert list(fault.value.errors or ()) == ["config.cert"]
    assert "unknown" not in repr(fault.value.errors)


def test_a_replaced_ca_file_counts_from_the_next_call(
    make_egress: MakeEgress, authority: Authority, tmp_path: Path
) -> None:
    ca_file = tmp_path / "mine.pem"
    tls = Tls(ca_file=str(ca_file))
    ca_file.write_text(Path(Authority(tmp_path, "Old").ca_file).read_text())
    with _serving(authority, authority.issue("127.0.0.1")) as upstream:
        egress = make_egress(upstream)
        with pytest.raises(UpstreamUnreachable):
            egress.send(call(upstream.url(), tls=tls))
        ca_file.unlink()
        ca_file.write_text(Path(authority.ca_file).read_text())

        assert egress.send(call(upstream.url(), tls=tls)).status == 200


@pytest.mark.parametrize("carries_secrets", [True, False])
def test_a_call_with_secrets_is_not_redirected_from_https_to_http(
    make_egress: MakeEgress, authority: Authority, carries_secrets: bool
) -> None:
    context = authority.server_context(authority.issue("127.0.0.1"))
    tls = Tls(ca_file=authority.ca_file)
    with (
        RawUpstream(answering(respond(b"plain"))) as plain,
        RawUpstream(redirecting(plain.url()), tls=context) as upstream,
    ):
        egress = make_egress(plain, upstream)
        if carries_secrets:
            with pytest.raises(UpstreamFailed, match="from https to http"):
                egress.send(call(upstream.url(), redirects="any", tls=tls, **carried()))
        else:
            assert egress.send(call(upstream.url(), redirects="any", tls=tls)).body == b"plain"

    assert plain.accepts == (0 if carries_secrets else 1)
    assert all(SECRET.encode() not in request for request in plain.requests)


def test_a_client_certificate_is_not_shown_to_another_origin(
    make_egress: MakeEgress, authority: Authority
) -> None:
    # The other origin has a certificate that only the call's own CA file vouches for: that stays behind too.
    server = authority.issue("127.0.0.1")
    certificate, key = authority.issue("client")
    tls = Tls(ca_file=authority.ca_file, client_cert_pem=certificate, client_key_pem=key)
    with _serving(authority, server, asks_client=True) as other:
        context = authority.server_context(server, asks_client=True)
        with (
            RawUpstream(redirecting(other.url()), tls=context) as upstream,
            pytest.raises(UpstreamUnreachable),
        ):
            make_egress(upstream, other).send(call(upstream.url(), redirects="any", tls=tls))

    assert len(upstream.requests) == 1
    assert other.requests == []


def _dripping_handshake(peer: Peer) -> None:
    # A TLS record that says it is long and comes byte by byte.
    peer.send(b"\x16\x03\x03\x40\x00")
    while peer.pause(0.02):
        peer.send(b"\x02")


@pytest.mark.parametrize("handler", [Peer.wait_until_closed, _dripping_handshake])
def test_a_handshake_without_end_ends_at_the_deadline(make_egress: MakeEgress, handler: Any) -> None:
    with RawUpstream(handler) as upstream, pytest.raises(DeadlineExceeded):
        make_egress(upstream).send(call(f"https://{upstream.authority}/", timeout_seconds=0.3))


def test_a_body_dripped_over_tls_ends_at_the_deadline(make_egress: MakeEgress, authority: Authority) -> None:
    def drip(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while peer.pause(0.02):
            peer.send(b"x")

    context = authority.server_context(authority.issue("127.0.0.1"))
    with RawUpstream(drip, tls=context) as upstream, pytest.raises(DeadlineExceeded):
        asked = call(upstream.url(), tls=Tls(ca_file=authority.ca_file), timeout_seconds=0.4)
        make_egress(upstream).send(asked)


def test_many_threads_share_one_tls_setting(make_egress: MakeEgress, authority: Authority) -> None:
    with _serving(authority, authority.issue("127.0.0.1")) as upstream:
        egress = make_egress(upstream)
        tls = Tls(ca_file=authority.ca_file)
        bodies: list[bytes] = []

        def work() -> None:
            bodies.append(egress.send(call(upstream.url(), tls=tls, timeout_seconds=30)).body)

        threads = [threading.Thread(target=work) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert bodies == [b"proved"] * 24


def _body(make_egress: MakeEgress, upstream: RawUpstream, tls: Tls, host: str = "") -> bytes:
    with upstream:
        url = f"https://{host}:{upstream.port}/" if host else upstream.url()
        egress = make_egress(upstream, allow="127.0.0.1/32", resolve=answers("127.0.0.1"))
        return egress.send(call(url, tls=tls)).body


def test_both_names_are_told_where_a_certificate_is_for_another(
    make_egress: MakeEgress, authority: Authority
) -> None:
    upstream = _serving(authority, authority.issue("nas.home", "192.168.1.5"))
    detail = _unreachable(make_egress, upstream, tls=Tls(ca_file=authority.ca_file))

    assert "nas.home, 192.168.1.5" in detail
    assert "127.0.0.1" in detail


def test_a_service_is_reached_by_its_address_and_known_by_its_name(
    make_egress: MakeEgress, authority: Authority
) -> None:
    asked_for: list[str | None] = []
    context = authority.server_context(authority.issue("nas.home"))
    context.sni_callback = lambda sock, name, ctx: asked_for.append(name)
    upstream = RawUpstream(answering(respond(b"proved")), tls=context)
    tls = Tls(ca_file=authority.ca_file, server_name="nas.home")

    assert _body(make_egress, upstream, tls) == b"proved"
    assert asked_for == ["nas.home"]
    assert upstream.requests[0].startswith(f"GET / HTTP/1.1\r\nHost: {upstream.authority}\r\n".encode())


def test_a_server_name_takes_the_place_of_the_address(make_egress: MakeEgress, authority: Authority) -> None:
    upstream = _serving(authority, authority.issue("127.0.0.1"))

    assert "not nas.home" in _unreachable(
        make_egress, upstream, tls=Tls(ca_file=authority.ca_file, server_name="nas.home")
    )


@pytest.mark.parametrize("is_expired", [False, True])
def test_the_pinned_certificate_is_taken_whoever_signed_it(
    make_egress: MakeEgress, authority: Authority, is_expired: bool
) -> None:
    ends = -DAY / 2 if is_expired else DAY
    certificate = authority.issue(common_name="router", is_self_signed=True, ends=ends)
    tls = Tls(fingerprint_sha256=fingerprint_of(certificate[0]))

    assert _body(make_egress, _serving(authority, certificate), tls) == b"proved"


def test_no_other_certificate_is_taken_than_the_pinned_one(
    make_egress: MakeEgress, authority: Authority
) -> None:
    # Not even one that the CA file vouches for: who pins a certificate means this one.
    shown = authority.issue("127.0.0.1")
    pinned = fingerprint_of(authority.issue("127.0.0.1")[0])
    detail = _unreachable(
        make_egress,
        _serving(authority, shown),
        tls=Tls(ca_file=authority.ca_file, fingerprint_sha256=pinned),
    )

    assert fingerprint_of(shown[0]).upper() in detail.replace(":", "")


def test_a_connection_that_a_pin_opened_serves_no_call_with_another_one(
    make_egress: MakeEgress, authority: Authority
) -> None:
    certificate = authority.issue("127.0.0.1", is_self_signed=True)
    with _serving(authority, certificate) as upstream:
        egress = make_egress(upstream)
        egress.send(call(upstream.url(), tls=Tls(fingerprint_sha256=fingerprint_of(certificate[0]))))
        for tls in (None, Tls(fingerprint_sha256="0" * 64), Tls(server_name="nas.home")):
            with pytest.raises(UpstreamUnreachable):
                egress.send(call(upstream.url(), tls=tls))

    assert len(upstream.requests) == 1


@pytest.mark.parametrize("is_self_signed", [True, False])
@pytest.mark.parametrize("common_name", ["127.0.0.1", "Router 3000"])
def test_a_certificate_that_is_itself_trusted_may_name_itself_as_it_likes(
    make_egress: MakeEgress, authority: Authority, common_name: str, is_self_signed: bool
) -> None:
    certificate = authority.issue(common_name=common_name, is_self_signed=is_self_signed)

    assert _body(make_egress, _serving(authority, certificate), Tls(ca_file=certificate[0])) == b"proved"


def test_a_certificate_that_is_itself_trusted_must_still_be_valid(
    make_egress: MakeEgress, authority: Authority
) -> None:
    certificate = authority.issue(common_name="router", is_self_signed=True, starts=-2 * DAY, ends=-DAY)
    upstream = _serving(authority, certificate)

    assert "expired" in _unreachable(make_egress, upstream, tls=Tls(ca_file=certificate[0]))


@pytest.mark.parametrize(
    ("common_name", "is_taken"), [("127.0.0.1", True), ("127.0.0.9", False), ("nas", False)]
)
def test_a_common_name_counts_under_an_authority_that_a_person_named(
    make_egress: MakeEgress, authority: Authority, common_name: str, is_taken: bool
) -> None:
    upstream = _serving(authority, authority.issue(common_name=common_name))
    tls = Tls(ca_file=authority.ca_file)
    if is_taken:
        assert _body(make_egress, upstream, tls) == b"proved"
    else:
        assert f"names {common_name}, not 127.0.0.1" in _unreachable(make_egress, upstream, tls=tls)


def test_certificates_may_be_pasted(make_egress: MakeEgress, authority: Authority) -> None:
    pem = Path(authority.ca_file).read_text()
    spellings = [
        pem,
        f"Subject: us\n{pem}",
        pem.replace("\n", "\r\n"),
        pem.replace("\n", " "),
        pem.replace("\n", "\\n"),
    ]
    for pasted in spellings:
        upstream = _serving(authority, authority.issue("127.0.0.1"))
        assert _body(make_egress, upstream, Tls(ca_file=pasted)) == b"proved"


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ],
)
def test_what_is_pasted_and_is_no_certificate_is_a_settings_fault(make_egress: MakeEgress, text: str) -> None:
    with pytest.raises(SettingsIncomplete) as fault:
        make_egress().check_settings(
            call("https://api.test/", tls=Tls(ca_file=text, settings=(("ca_file", "ca"),)))
        )

    assert list(fault.value.errors or ()) == ["config.ca"]
