"""The sandbox misbehaves where it should, and only there."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import zlib

import pytest

from tests.examples.asking import GENEROUS_SECONDS, address_of, ask


def test_echo_shows_the_request_as_it_was_sent(sandbox):
    answer = ask(sandbox, "/corners/echo?q=a%20b&q2=", "PUT", {"X-Key": "k"}, b"\xff").json

    assert answer["request_line"] == "PUT /corners/echo?q=a%20b&q2= HTTP/1.1"
    assert answer["query"] == {"q": "a b", "q2": ""}
    assert ["x-key", "k"] in answer["headers"]
    assert answer["body"] == "/w=="


def test_flaky_fails_each_second_time_by_name(sandbox):
    statuses = [ask(sandbox, "/corners/flaky?name=a").status for _ in range(4)]

    assert statuses == [200, 503, 200, 503]
    assert ask(sandbox, "/corners/flaky?name=b").status == 200


@pytest.mark.parametrize(
    ("target", "status", "header"),
    [
        ("/corners/down", 503, None),
        ("/corners/status/418", 418, None),
        ("/corners/status/700", 400, None),
        ("/corners/rate-limited", 429, ("Retry-After", "30")),
        ("/corners/rate-limited?retry_after=2", 429, ("Retry-After", "2")),
        ("/corners/redirect/elsewhere?to=http://127.0.0.2:1/x", 302, ("Location", "http://127.0.0.2:1/x")),
        ("/corners/redirect/elsewhere?to=http://x/%0d%0aSet-Cookie:a", 400, ("Set-Cookie", None)),
        ("/corners/redirect/elsewhere", 400, None),
        ("/corners/wrong-type", 200, ("Content-Type", "text/html")),
        ("/corners/binary", 200, ("Content-Type", "application/octet-stream")),
        ("/corners/ok?cache_control=no-store&age=5", 200, ("Cache-Control", "no-store")),
        ("/corners/nowhere", 404, None),
    ],
)
def test_corners_answer_with_their_status_and_header(sandbox, target, status, header):
    answer = ask(sandbox, target)

    assert answer.status == status
    if header:
        assert answer.headers.get(header[0]) == header[1]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_lead_to_echo_or_round_in_circles_on_this_origin(sandbox, status):
    same = ask(sandbox, f"/corners/redirect/same?status={status}")
    loop = ask(sandbox, f"/corners/loop?status={status}")

    assert (same.status, same.headers["Location"]) == (status, f"{sandbox.url}/corners/echo")
    assert (loop.status, loop.headers["Location"]) == (status, f"{sandbox.url}/corners/loop")


def test_truncated_announces_more_than_it_sends(sandbox):
    with pytest.raises(http.client.IncompleteRead) as cut:
        ask(sandbox, "/corners/truncated")

    assert len(cut.value.partial) > 0
    assert cut.value.expected is not None and cut.value.expected > 0


def test_gzip_bomb_is_small_until_it_is_unpacked(sandbox):
    answer = ask(sandbox, "/corners/gzip-bomb?megabytes=20")

    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.body) < 100_000
    assert len(gzip.decompress(answer.body)) == 20 * 1024 * 1024


def test_broken_json_says_it_is_json_and_is_not(sandbox):
    answer = ask(sandbox, "/corners/broken-json")

    assert answer.headers["Content-Type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)


def test_the_picture_is_a_whole_png(sandbox):
    png = ask(sandbox, "/corners/image.png").body

    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png.endswith(b"IEND\xaeB`\x82")
    start = png.index(b"IDAT") + 4
    assert len(zlib.decompress(png[start : png.index(b"IEND") - 8])) == 8 * (1 + 8 * 3)


def test_many_headers_and_endless_bodies_have_the_size_asked_for(sandbox):
    connection = socket.create_connection(address_of(sandbox), timeout=GENEROUS_SECONDS)
    with connection, connection.makefile("rb") as stream:
        connection.sendall(
            b"GET /corners/many-headers?count=300 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        assert stream.read().count(b"X-Filler-") == 300
    assert len(ask(sandbox, "/corners/endless?megabytes=3").body) == 3 * 1024 * 1024


def test_validators_are_honoured(sandbox):
    first = ask(sandbox, "/corners/etag?max_age=5")
    assert first.headers["Cache-Control"] == "max-age=5"

    tag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    assert ask(sandbox, "/corners/etag", headers={"If-None-Match": f'"other", W/{tag}'}).status == 304
    assert ask(sandbox, "/corners/etag", headers={"If-Modified-Since": modified}).status == 304
    changed = ask(
        sandbox, "/corners/etag?version=2", headers={"If-None-Match": tag, "If-Modified-Since": modified}
    )
    assert (changed.status, changed.json) == (200, {"version": "2"})
    unchanged = ask(sandbox, "/corners/etag", headers={"If-None-Match": tag})
    assert (unchanged.body, unchanged.headers["ETag"]) == (b"", tag)


@pytest.mark.parametrize(
    ("target", "start"),
    [
        ("/corners/drip?interval=0.01&seconds=0.05", b"HTTP/1.1 200 OK\r\nServer: sandbox\r\n"),
        ("/corners/drip?part=headers&interval=0.01&seconds=0.05", b"HTTP/1.1 200 OK\r\nX-Drip: xxxxx\r\n"),
    ],
)
def test_drip_sends_byte_after_byte_and_ends(sandbox, target, start):
    with socket.create_connection(address_of(sandbox), timeout=GENEROUS_SECONDS) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = b"".join(iter(lambda: connection.recv(4096), b""))

    assert received.startswith(start)
    assert received.endswith((b'"xxxxx"', b"{}"))
