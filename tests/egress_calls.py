"""What the tests of the egress door share: doors that are closed again, calls, spellings, a secret."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

from integrations.egress import Egress, EgressPolicy
from integrations.egress.messages import PreparedCall
from tests.raw_upstreams import RawUpstream

SECRET = "k/+9&secret-Zz"

MakeEgress = Callable[..., Egress]
Resolve = Callable[..., list[tuple[Any, ...]]]

SPELLINGS_OF_THE_CANARY = [
    "127.0.0.2",
    "127.0.0.2.",
    "127.2",
    "127.0.2",
    "0177.0.0.2",
    "0x7f.0.0.2",
    "0x7f.2",
    "0x7f000002",
    "2130706434",
    "017700000002",
    "１２７.０.０.２",
    "127。0。0。2",
    "[::ffff:127.0.0.2]",
    "[::ffff:7f00:2]",
    "[::127.0.0.2]",
    "[::ffff:0:127.0.0.2]",
    "[64:ff9b::127.0.0.2]",
    "[2002:7f00:2::]",
    "[::ffff:127.0.0.2%25lo]",
    "127.0.0.2%00.example.com",
    "%31%32%37.0.0.2",
]


@contextlib.contextmanager
def egress_maker() -> Iterator[MakeEgress]:
    """Makes doors that may call the given upstreams, and closes them."""
    made: list[Egress] = []

    def make(*upstreams: RawUpstream, allow: str = "", url_allow: str = "", **more: Any) -> Egress:
        entries = ",".join([allow, *(upstream.authority for upstream in upstreams)])
        made.append(Egress(EgressPolicy.parse(entries, url_allow), user_agent="Patchbay/test", **more))
        return made[-1]

    yield make
    for egress in made:
        egress.close()


def answers(*addresses: str) -> Resolve:
    """A resolver that gives the addresses in turn, one list a look-up, the last for ever."""
    remaining = list(addresses)

    def resolve(host: str, port: int, **hints: Any) -> list[tuple[Any, ...]]:
        found = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        return [
            (socket.AF_INET6 if ":" in text else socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port))
            for text in found.split()
        ]

    return resolve


def call(url: str, **more: Any) -> PreparedCall:
    """A GET of one owner that has five seconds and whose secrets may go there, but for what is said otherwise."""
    more = {"method": "GET", "timeout_seconds": 5, "carried": (), "connection_key": b"owner", **more}
    return PreparedCall(url=url, **more)


def carried(**more: Any) -> dict[str, Any]:
    """The parts of a call that carries the secret wherever it can."""
    headers = (
        ("X-Api-Key", SECRET),
        ("Accept", "text/html"),
        ("User-Agent", f"agent {SECRET}"),
        ("X-Other", "1"),
    )
    return {"headers": headers, "secrets": frozenset({SECRET}), **more}
