"""Answers that are broken, endless or compressed: used whole or not at all, in little memory."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import brotli
import pytest

from errors import PatchbayError, UpstreamInvalid
from integrations.egress.codings import zstd
from tests.egress_calls import MakeEgress, call, egress_maker
from tests.raw_upstreams import Handler, Peer, RawUpstream, answering, respond, saying

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def make_egress() -> Iterator[MakeEgress]:
    with egress_maker() as make:
        yield make


def reason_of(failure: pytest.ExceptionInfo[PatchbayError]) -> Any:
    return failure.value.extensions["reason"]


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GZIPPED = HEAD + b"Content-Encoding: gzip\r\n\r\n"
DEFLATED = HEAD + b"Content-Encoding: deflate\r\n\r\n"
BROTLI = HEAD + b"Content-Encoding: br\r\n\r\n"
ZSTD = HEAD + b"Content-Encoding: zstd\r\n\r\n"
# What may be skipped: a magic number, a length, that many bytes (RFC 8878 section 3.1.2).
SKIPPABLE = b"\x50\x2a\x4d\x18\x04\0\0\0note"


def _brotli_zeros(millions: int) -> bytes:
    packer = brotli.Compressor(quality=5)
    return b"".join(packer.process(b"\0" * 1_000_000) for _ in range(millions)) + packer.finish()


def _zstd_zeros(millions: int, window_log: int = 23) -> bytes:
    parameter = zstd.CompressionParameter
    packer = zstd.ZstdCompressor(options={parameter.window_log: window_log, parameter.checksum_flag: 1})
    return b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(millions)) + packer.flush()


BROKEN = {
    "length not reached": (HEAD + b"Content-Length: 5\r\n\r\nabc", "truncated"),
    "head cut": (HEAD + b"Content-Length: 5\r\nX-Cut", "truncated"),
    "status line cut": (b"HTTP/1.1 20", "truncated"),
    "chunk cut": (CHUNKED + b"5\r\nab", "truncated"),
    "no last chunk": (CHUNKED + b"2\r\nab\r\n", "truncated"),
    "chunk size cut": (CHUNKED + b"2\r\nab\r\n5", "truncated"),
    "chunk size is no number": (CHUNKED + b"xyz\r\nab\r\n0\r\n\r\n", "framing"),
    "chunk size is negative": (CHUNKED + b"-1\r\nabcdef", "framing"),
    "chunk size in another notation": (CHUNKED + b"0x2\r\nab\r\n0\r\n\r\n", "framing"),
    "chunk longer than said": (CHUNKED + b"2\r\nabcd\r\n0\r\n\r\n", "framing"),
    "chunk that ends in something else": (CHUNKED + b"2\r\nabXX0\r\n\r\n", "framing"),
    "chunk that ends in a bare line feed": (CHUNKED + b"2\r\nab\n0\r\n\r\n", "framing"),
    "chunk size without end": (CHUNKED + b"1" * 100_000, "framing"),
    "chunk extension without end": (CHUNKED + b"1;" + b"x" * 100_000, "framing"),
    "unknown transfer coding": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\nab", "framing"),
    "chunked and a control character": (
        HEAD + b"Transfer-Encoding: chunked\x0b\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "framing",
    ),
    "a control character and chunked": (
        HEAD + b"Transfer-Encoding: \x1cchunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "framing",
    ),
    "chunked and a blank of Latin-1": (
        HEAD + b"Transfer-Encoding: chunked\xa0\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "framing",
    ),
    "chunked twice": (HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "framing"),
    "a length and a control character": (HEAD + b"Content-Length: 2\x1f\r\n\r\nab", "framing"),
    "a coding and a control character": (
        HEAD + b"Content-Encoding: gzip\x1d\r\n\r\n" + gzip.compress(b"text"),
        "coding",
    ),
    "two lengths": (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "framing"),
    "negative length": (HEAD + b"Content-Length: -1\r\n\r\nab", "framing"),
    "length is no number": (HEAD + b"Content-Length: 2x\r\n\r\nab", "framing"),
    "length in other digits": (HEAD + b"Content-Length: \xb2\r\n\r\nab", "framing"),
    "unknown content coding": (HEAD + b"Content-Encoding: compress\r\n\r\nab", "coding"),
    "many codings": (HEAD + b"Content-Encoding: gzip, gzip, gzip, gzip\r\n\r\nab", "coding"),
    "gzip is none": (GZIPPED + b"plain text", "coding"),
    "gzip cut": (GZIPPED + gzip.compress(b"text" * 99)[:-9], "truncated"),
    "gzip without checksum": (GZIPPED + gzip.compress(b"text")[:-8], "truncated"),
    "gzip with wrong checksum": (GZIPPED + gzip.compress(b"text")[:-8] + b"12345678", "coding"),
    "gzip and then garbage": (GZIPPED + gzip.compress(b"text") + b"garbage", "coding"),
    "deflate is none": (DEFLATED + b"\xff\xff\xff\xff", "coding"),
    "deflate cut": (DEFLATED + zlib.compress(b"text" * 99)[:-6], "truncated"),
    "brotli is none": (BROTLI + b"\xff" * 20, "coding"),
    "brotli cut": (BROTLI + brotli.compress(b"text" * 99)[:-1], "truncated"),
    "brotli cut at its first byte": (BROTLI + brotli.compress(b"text" * 99)[:1], "truncated"),
    "brotli and then garbage": (BROTLI + brotli.compress(b"text") + b"garbage", "coding"),
    "brotli twice": (BROTLI + brotli.compress(b"text") * 2, "coding"),
    "brotli and then garbage in a chunk of its own": (
        HEAD
        + b"Content-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"%x\r\n%b\r\n1\r\nx\r\n0\r\n\r\n" % (len(packed := brotli.compress(b"text")), packed),
        "coding",
    ),
    "brotli with a large window": (BROTLI + b"\x11\x1e" + b"\0" * 20, "coding"),
    "zstd is none": (ZSTD + b"plain text", "coding"),
    "zstd cut": (ZSTD + zstd.compress(b"text" * 99)[:-1], "truncated"),
    "zstd cut in its head": (ZSTD + zstd.compress(b"text" * 99)[:3], "truncated"),
    "zstd without checksum": (ZSTD + _zstd_zeros(1)[:-4], "truncated"),
    "zstd with wrong checksum": (ZSTD + _zstd_zeros(1)[:-4] + b"1234", "coding"),
    "zstd and then garbage": (ZSTD + zstd.compress(b"text") + b"garbage", "coding"),
    "zstd and then zeros": (ZSTD + zstd.compress(b"text") + b"\0" * 8, "coding"),
    "second zstd frame cut": (ZSTD + zstd.compress(b"text") + zstd.compress(b"text")[:-1], "truncated"),
    "skippable zstd frame cut": (ZSTD + zstd.compress(b"text") + SKIPPABLE[:-1], "truncated"),
    "zstd with a window of 16 MB": (ZSTD + _zstd_zeros(20, window_log=24), "coding"),
    "zstd with a window of 2 GB": (ZSTD + b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x01\0\0", "coding"),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "not_http"),
    "another version": (b"HTTP/9.9 200 OK\r\n\r\n", "not_http"),
    "no status": (b"HTTP/1.1 abc OK\r\n\r\n", "not_http"),
    "a line that is no header": (HEAD + b"no header\r\nContent-Length: 2\r\n\r\nab", "headers"),
    "thousands of headers": (HEAD + b"X: y\r\n" * 5000 + b"\r\n", "headers"),
    "one huge header": (HEAD + b"X: " + b"y" * 200_000 + b"\r\n\r\n", "headers"),
    "large headers together": (HEAD + (b"X: " + b"y" * 50_000 + b"\r\n") * 20 + b"\r\n", "headers"),
    "a huge status line": (b"HTTP/1.1 200 " + b"O" * 200_000 + b"\r\n\r\n", "headers"),
    "interim answers without end": (b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000, "headers"),
    "trailers without end": (CHUNKED + b"0\r\n" + b"X: y\r\n" * 5000, "framing"),
    "a protocol we did not ask for": (
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n\x81\x05hello",
        "upgrade",
    ),
}


@pytest.mark.parametrize(("data", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_is_a_failure(make_egress: MakeEgress, data: bytes, reason: str) -> None:
    with RawUpstream(saying(data)) as upstream, pytest.raises(UpstreamInvalid) as failure:
        make_egress(upstream).send(call(upstream.url()))

    assert reason_of(failure) == reason


def _compressed(pattern: bytes, times: int) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(pattern) for _ in range(times)) + packer.flush()


def _endless(start: bytes, block: bytes) -> Handler:
    def handle(peer: Peer) -> None:
        peer.read_request()
        peer.send(start)
        while peer.pause(0):
            peer.send(block)

    return handle


BOMB = _compressed(b"\0" * 1_000_000, 200)
BROTLI_BOMB = _brotli_zeros(200)
ZSTD_BOMB = _zstd_zeros(200)
TOO_LARGE = {
    "declared length": saying(HEAD + b"Content-Length: 99999999999\r\n\r\n"),
    "until close": _endless(HEAD + b"\r\n", b"x" * 65_536),
    "chunked": _endless(CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
    "one endless chunk": _endless(CHUNKED + b"fffffffffffff\r\n", b"x" * 65_536),
    "framing instead of body": _endless(CHUNKED, b"1;" + b"e" * 4000 + b"\r\nx\r\n"),
    "gzip bomb": saying(GZIPPED + BOMB),
    "gzip bomb in gzip": saying(HEAD + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(BOMB)),
    "deflate bomb": saying(DEFLATED + zlib.compress(b"\0" * 200_000_000)),
    "brotli bomb": saying(BROTLI + BROTLI_BOMB),
    "brotli bomb in brotli": saying(
        HEAD + b"Content-Encoding: br, br\r\n\r\n" + brotli.compress(BROTLI_BOMB)
    ),
    "zstd bomb": saying(ZSTD + ZSTD_BOMB),
    "zstd bomb in brotli": saying(HEAD + b"Content-Encoding: zstd, br\r\n\r\n" + brotli.compress(ZSTD_BOMB)),
    "padding behind gzip in brotli": saying(
        HEAD
        + b"Content-Encoding: gzip, br\r\n\r\n"
        + brotli.compress(gzip.compress(b"text") + b"\0" * 50_000_000, quality=5)
    ),
    "zstd frames without end": _endless(ZSTD, zstd.compress(b"\0" * 100_000) * 20),
    "zstd frames of nothing without end": _endless(ZSTD, zstd.compress(b"") * 500),
    "skippable zstd frames without end": _endless(ZSTD, SKIPPABLE * 500),
    "gzip members without end": _endless(GZIPPED, gzip.compress(b"\0" * 100_000) * 20),
}


@pytest.mark.parametrize("handler", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_an_endless_answer_costs_little_memory(make_egress: MakeEgress, handler: Handler) -> None:
    with RawUpstream(handler) as upstream:
        egress = make_egress(upstream)
        tracemalloc.start()
        with pytest.raises(UpstreamInvalid) as failure:
            # Counting memory takes a multiple of the time, which is not what this is about.
            egress.send(call(upstream.url(), max_bytes=1_000_000, timeout_seconds=100))
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert reason_of(failure) == "too_large"
    assert peak_bytes < 5_000_000


TEXT = b"some text, " * 20_000
RAW_DEFLATE = zlib.compress(TEXT)[2:-4]
WHOLE = {
    "length": HEAD + b"Content-Length: %d\r\n\r\n" % len(TEXT) + TEXT,
    "length said twice": HEAD
    + b"Content-Length: %d\r\ncontent-length: %d\r\n\r\n" % ((len(TEXT),) * 2)
    + TEXT,
    "until close": HEAD + b"\r\n" + TEXT,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + TEXT,
    "chunked": CHUNKED + b"%X;ext=1\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(TEXT), TEXT),
    "chunked without last line": CHUNKED + b"%x\r\n%b\r\n0\r\n" % (len(TEXT), TEXT),
    "gzip": GZIPPED + gzip.compress(TEXT),
    "gzip in two members": GZIPPED + gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]),
    "gzip with padding": GZIPPED + gzip.compress(TEXT) + b"\0" * 512,
    "x-gzip": HEAD + b"Content-Encoding: X-GZIP\r\n\r\n" + gzip.compress(TEXT),
    "deflate": DEFLATED + zlib.compress(TEXT),
    "bare deflate": DEFLATED + RAW_DEFLATE,
    "brotli": BROTLI + brotli.compress(TEXT),
    "brotli in a small window": BROTLI + brotli.compress(TEXT, quality=0, lgwin=10),
    "zstd": ZSTD + zstd.compress(TEXT),
    "zstd in three frames": ZSTD + zstd.compress(TEXT[:99]) + zstd.compress(b"") + zstd.compress(TEXT[99:]),
    "zstd with frames to skip": ZSTD + SKIPPABLE + zstd.compress(TEXT) + SKIPPABLE,
    "brotli, then zstd, then gzip": HEAD
    + b"Content-Encoding: br, ZSTD, gzip\r\n\r\n"
    + gzip.compress(zstd.compress(brotli.compress(TEXT))),
    "deflate, then zstd with frames to skip": HEAD
    + b"Content-Encoding: deflate, zstd\r\n\r\n"
    + SKIPPABLE
    + zstd.compress(zlib.compress(TEXT)),
    "deflate, then gzip": HEAD
    + b"Content-Encoding: deflate, gzip\r\n\r\n"
    + gzip.compress(zlib.compress(TEXT)),
    "identity": HEAD + b"Content-Encoding: identity\r\n\r\n" + TEXT,
    "after interim answers": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    + HEAD
    + b"\r\n"
    + TEXT,
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_answer_is_read_whole_and_decoded(make_egress: MakeEgress, data: bytes) -> None:
    with RawUpstream(saying(data)) as upstream:
        answer = make_egress(upstream).send(call(upstream.url(), max_bytes=len(TEXT)))

    assert answer.body == TEXT
    assert answer.received_bytes == len(data)


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_a_coded_answer_is_whole_however_it_is_cut(make_egress: MakeEgress, coding: str) -> None:
    text = TEXT[:4000] + bytes(range(256)) * 4
    packed = brotli.compress(text) if coding == "br" else zstd.compress(text) + zstd.compress(b"")
    body = b"".join(b"1\r\n%c\r\n" % byte for byte in packed) + b"0\r\n\r\n"
    data = HEAD + f"Content-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + body
    with RawUpstream(saying(data)) as upstream:
        answer = make_egress(upstream).send(call(upstream.url()))

    assert answer.body == text


@pytest.mark.parametrize(
    ("method", "data", "accepts"),
    [
        # Where a content is described that must not come, the connection ends: it may come all the same.
        ("HEAD", HEAD + b"Content-Length: 500\r\nContent-Encoding: gzip\r\n\r\n", 2),
        ("HEAD", CHUNKED, 2),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: x\r\n\r\n", 2),
        ("GET", b"HTTP/1.1 205 Reset Content\r\n\r\n", 2),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", 1),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", 1),
        ("GET", HEAD + b"Content-Length: 0\r\nContent-Encoding: gzip\r\n\r\n", 1),
        ("GET", HEAD + b"Content-Length: 0\r\nContent-Encoding: br\r\n\r\n", 1),
        ("GET", HEAD + b"Content-Length: 0\r\nContent-Encoding: zstd\r\n\r\n", 1),
    ],
)
def test_an_answer_without_a_body_is_not_waited_for(
    make_egress: MakeEgress, method: str, data: bytes, accepts: int
) -> None:
    with RawUpstream(answering(data)) as upstream:
        egress = make_egress(upstream)
        bodies = [egress.send(call(upstream.url(), method=method)).body for _ in range(2)]

    assert bodies == [b"", b""]
    assert upstream.accepts == accepts


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_a_status_of_failure_is_an_answer(make_egress: MakeEgress, status: int) -> None:
    said = respond(b"why", status=f"{status} No", headers=("Retry-After: 5", "X-Folded: a\r\n b"))
    with RawUpstream(answering(said)) as upstream:
        answer = make_egress(upstream).send(call(upstream.url()))

    assert (answer.status, answer.body, answer.headers.get("retry-after")) == (status, b"why", "5")
    assert answer.headers.get("X-Folded") == "a b"
