"""The head of an answer, read from bytes: what is taken, what is refused, and when the connection may stay open."""

from __future__ import annotations

import io

import pytest

from errors import UpstreamInvalid
from integrations.egress.answer_head import MAX_HEAD_BYTES, MAX_LINE_BYTES, read_head

OK = b"HTTP/1.1 200 OK\r\n"

HEADS = {
    "no headers": (OK, 200, []),
    "no reason": (b"HTTP/1.1 204\r\n", 204, []),
    "empty reason": (b"HTTP/1.1 204 \r\n", 204, []),
    "a status that nobody registered": (b"HTTP/1.1 999 Own\r\n", 999, []),
    "a later version": (b"HTTP/1.2 200 OK\r\n", 200, []),
    "spaces and no space around a value": (OK + b"A: \t b\r\nC:d\r\nE:\r\n", 200, [("A", "b"), ("C", "d"), ("E", "")]),
    "repeated names in their order": (OK + b"a: 1\r\nB: 2\r\nA: 3\r\n", 200, [("a", "1"), ("B", "2"), ("A", "3")]),
    "bare line feeds": (b"HTTP/1.1 200 OK\nA: b\nC: d\n", 200, [("A", "b"), ("C", "d")]),
    "Latin-1": (OK + b"A: caf\xe9 \x80\r\n", 200, [("A", "café \x80")]),
    "colons in a value": (OK + b"A: b: c\r\n", 200, [("A", "b: c")]),
    "every letter of a name": (OK + b"!#$%&'*+-.^_`|~09Az: b\r\n", 200, [("!#$%&'*+-.^_`|~09Az", "b")]),
    "folded value": (OK + b"A: b\r\n c\r\n\t d\r\nE: f\r\n", 200, [("A", "b c d"), ("E", "f")]),
    "folded onto nothing": (OK + b"A:\r\n b\r\n", 200, [("A", "b")]),
    "folded by a bare line feed": (OK + b"A: b\n c\r\n", 200, [("A", "b c")]),
    "after interim answers": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK + b"A: b\r\n",
        200,
        [("A", "b")],
    ),
}  # fmt: skip

REFUSED = {
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "not_http"),
    "an empty first line": (b"\r\n" + OK + b"\r\n", "not_http"),
    "a status line of one word": (b"HTTP/1.1\r\n\r\n", "not_http"),
    "another version": (b"HTTP/2 200\r\n\r\n", "not_http"),
    "a later major version": (b"HTTP/11 200\r\n\r\n", "not_http"),
    "lower case": (b"http/1.1 200 OK\r\n\r\n", "not_http"),
    "a status of two digits": (b"HTTP/1.1 20 OK\r\n\r\n", "not_http"),
    "a status of four digits": (b"HTTP/1.1 2000 OK\r\n\r\n", "not_http"),
    "a status below 100": (b"HTTP/1.1 099 OK\r\n\r\n", "not_http"),
    "a status with a sign": (b"HTTP/1.1 +20 OK\r\n\r\n", "not_http"),
    "a line without a colon": (OK + b"A b\r\n\r\n", "headers"),
    "a space before the colon": (OK + b"A : b\r\n\r\n", "headers"),
    "no name": (OK + b": b\r\n\r\n", "headers"),
    "a name in other letters": (OK + b"\xc4: b\r\n\r\n", "headers"),
    "a fold without a header": (OK + b" A: b\r\n\r\n", "headers"),
    "a bare carriage return": (OK + b"A: b\rC: d\r\n\r\n", "headers"),
    "two carriage returns": (OK + b"A: b\r\r\n\r\n", "headers"),
    "too many lines": (OK + b"A: b\r\n" * 100 + b"\r\n", "headers"),
    "too many folds": (OK + b"A: b\r\n" + b" c\r\n" * 99 + b"\r\n", "headers"),
    "a line that is too long": (OK + b"A: " + b"b" * 65_536 + b"\r\n\r\n", "headers"),
    "too much together": (OK + (b"A: " + b"b" * 60_000 + b"\r\n") * 3 + b"\r\n", "headers"),
    "a status line that is too long": (b"HTTP/1.1 200 " + b"O" * 65_536 + b"\r\n\r\n", "headers"),
    "interim answers without end": (b"HTTP/1.1 100 Continue\r\n\r\n" * 6000, "headers"),
    "another protocol": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + OK + b"\r\n",
        "upgrade",
    ),
    "another protocol after an interim answer": (
        b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n",
        "upgrade",
    ),
    "an end in the status line": (b"HTTP/1.1 200 O", "truncated"),
    "an end after the status line": (OK, "truncated"),
    "an end in a header": (OK + b"A: b", "truncated"),
    "an end before the empty line": (OK + b"A: b\r\n", "truncated"),
}

VERSIONS = {b"HTTP/0.9": 10, b"HTTP/1.0": 10, b"HTTP/1.1": 11, b"HTTP/1.2": 11}


@pytest.mark.parametrize(("data", "status", "headers"), HEADS.values(), ids=HEADS.keys())
def test_a_head_is_read_up_to_its_empty_line(
    data: bytes, status: int, headers: list[tuple[str, str]]
) -> None:
    source = io.BytesIO(data + b"\r\nbody")

    head = read_head(source)

    assert (head.status, list(head.headers)) == (status, headers)
    assert source.read() == b"body"


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_head_that_cannot_be_read_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(UpstreamInvalid) as failure:
        read_head(io.BytesIO(data))

    assert failure.value.extensions["reason"] == reason


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_an_end_instead_of_a_status_line_is_told_apart(data: bytes) -> None:
    with pytest.raises(ConnectionResetError):
        read_head(io.BytesIO(data))


def test_reading_ends_soon_after_the_limit() -> None:
    source = io.BytesIO(OK + (b"A: " + b"b" * 60_000 + b"\r\n") * 50 + b"\r\n")
    with pytest.raises(UpstreamInvalid):
        read_head(source)

    assert source.tell() < MAX_HEAD_BYTES + MAX_LINE_BYTES


def test_as_many_lines_as_allowed_are_read() -> None:
    assert len(list(read_head(io.BytesIO(OK + b"A: b\r\n" * 99 + b"\r\n")).headers)) == 99


@pytest.mark.parametrize(("written", "version"), VERSIONS.items())
def test_the_version_is_read_as_the_one_whose_rules_hold(written: bytes, version: int) -> None:
    assert read_head(io.BytesIO(written + b" 200 OK\r\n\r\n")).version == version
