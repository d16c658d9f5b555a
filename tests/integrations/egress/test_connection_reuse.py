"""After which answers a connection is kept: those after which nothing more can come."""

from __future__ import annotations

import pytest

from integrations.egress.connection_reuse import Ending, may_carry_another
from integrations.egress.messages import Headers

LENGTH = ("Content-Length", "2")
NOTHING = ("Content-Length", "0")
CHUNKED = ("Transfer-Encoding", "chunked")


def ending(
    *headers: tuple[str, str], method: str = "GET", status: int = 200, version: int = 11, **more
) -> Ending:
    return Ending(method, status, version, Headers(headers), **more)


KEPT = {
    "a length": ending(LENGTH),
    "chunks": ending(CHUNKED),
    "another option": ending(LENGTH, ("Connection", "keep-alive, x-closed")),
    "HTTP/1.0 that stays": ending(LENGTH, ("Connection", "Keep-Alive"), version=10),
    "no content": ending(status=204),
    "not modified": ending(status=304),
    "not modified and no length": ending(NOTHING, status=304),
    "a HEAD of nothing": ending(NOTHING, method="HEAD"),
    "a HEAD without a word": ending(method="HEAD"),
    "a failure": ending(LENGTH, status=500),
}

CLOSED = {
    "it says so": ending(LENGTH, ("Connection", "close")),
    "it says so among others": ending(LENGTH, ("connection", "X-A"), ("Connection", "x-b , Close")),
    "it says both": ending(LENGTH, ("Connection", "keep-alive, close")),
    "HTTP/1.0": ending(LENGTH, version=10),
    "HTTP/1.0 with another option": ending(LENGTH, ("Connection", "x-keep-alive"), version=10),
    "bytes behind its end": ending(LENGTH, leftover_bytes=1),
    "half a request": ending(LENGTH, is_sent=False),
    "another protocol": ending(status=101),
    "a length beside chunks": ending(LENGTH, CHUNKED),
    "no length beside chunks": ending(NOTHING, CHUNKED),
    "two lengths": ending(LENGTH, LENGTH),
    "two lengths in one": ending(("Content-Length", "2, 2")),
    "chunks in HTTP/1.0": ending(CHUNKED, ("Connection", "keep-alive"), version=10),
    "no content with a length": ending(LENGTH, status=204),
    "no content with a length of none": ending(NOTHING, status=204),
    "no content in chunks": ending(CHUNKED, status=204),
    "reset content": ending(status=205),
    "reset content with a length of none": ending(NOTHING, status=205),
    "not modified with a length": ending(LENGTH, status=304),
    "not modified in chunks": ending(CHUNKED, status=304),
    "a HEAD with a length": ending(LENGTH, method="HEAD"),
    "a HEAD in chunks": ending(CHUNKED, method="HEAD"),
}


@pytest.mark.parametrize("ended", KEPT.values(), ids=KEPT.keys())
def test_a_connection_is_kept_after_a_clear_end(ended: Ending) -> None:
    assert may_carry_another(ended)


@pytest.mark.parametrize("ended", CLOSED.values(), ids=CLOSED.keys())
def test_a_connection_is_closed_where_more_might_come(ended: Ending) -> None:
    assert not may_carry_another(ended)
