"""Whether a connection may carry another request (RFC 9112 sections 6.3 and 9.3): never where anything may still come.

Pure, but for the look at a socket. What is promised: a connection belongs to one owner, so no answer reaches anybody
else; and what arrived on it before a request was written is never taken for the answer to that request. What was still
on its way at that moment cannot be told from the answer, which is why every answer after which more might come ends
its connection.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from urllib3.util.wait import wait_for_read

from integrations.egress.messages import Headers

HTTP_1_0, HTTP_1_1 = 10, 11


@dataclass(frozen=True, slots=True)
class Ending:
    """How an exchange ended, as far as it matters for the connection.

    `version` is 10 or 11. `leftover_bytes` arrived behind the answer's declared end. `is_sent` is False where the peer
    answered before it had taken the whole request.
    """

    method: str
    status: int
    version: int
    headers: Headers
    leftover_bytes: int = 0
    is_sent: bool = True


def may_carry_another(ending: Ending) -> bool:
    """Whether the connection may be kept for a further request of the same owner."""
    return not any(is_in_doubt(ending) for is_in_doubt in _DOUBTS)


def has_unasked_bytes(sock: socket.socket) -> bool:
    """Whether an idle connection has data: the peer closed it, or sent bytes that no request asked for."""
    # Data that TLS has decrypted already is not visible on the socket.
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    return wait_for_read(sock, timeout=0.0)


def _closes(ending: Ending) -> bool:
    options = {option.strip(" \t").lower() for option in (ending.headers.get("Connection") or "").split(",")}
    return "close" in options or (ending.version < HTTP_1_1 and "keep-alive" not in options)


def _has_leftovers(ending: Ending) -> bool:
    return ending.leftover_bytes > 0


def _was_cut_short(ending: Ending) -> bool:
    return not ending.is_sent


def _is_another_protocol(ending: Ending) -> bool:
    return ending.status < 200


def _is_framed_twice(ending: Ending) -> bool:
    """Two lengths, or a length beside a transfer coding: a proxy may have used the other one (section 6.3)."""
    lengths = ending.headers.get_all("Content-Length")
    is_coded = ending.headers.get("Transfer-Encoding") is not None
    is_repeated = len(lengths) > 1 or any("," in length for length in lengths)
    return is_repeated or (is_coded and bool(lengths)) or (is_coded and ending.version < HTTP_1_1)


def _frames_nothing(ending: Ending) -> bool:
    """Framing on an answer without content (RFC 9110 sections 15.3.5 and 15.3.6): a server may send content anyway."""
    return ending.status == 205 or (ending.status == 204 and _declared(ending) is not None)


def _declares_unsent_content(ending: Ending) -> bool:
    """A declared length on HEAD or 304: it is allowed, but a faulty server may send the content too."""
    return (ending.method == "HEAD" or ending.status == 304) and _declared(ending) not in (None, "0")


def _declared(ending: Ending) -> str | None:
    """The framing that the answer declares."""
    return ending.headers.get("Transfer-Encoding") or ending.headers.get("Content-Length")


_DOUBTS: tuple[Callable[[Ending], bool], ...] = (
    _closes,
    _has_leftovers,
    _was_cut_short,
    _is_another_protocol,
    _is_framed_twice,
    _frames_nothing,
    _declares_unsent_content,
)
