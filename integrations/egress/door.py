"""Egress: every request to other servers is sent from here."""

from __future__ import annotations

import math
import re
import socket
import time
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth
from requests.utils import parse_dict_header

from errors import PatchbayError, UpstreamFailed, UpstreamInvalid
from integrations.concurrency.interpreter_slots import released_slot
from integrations.egress.checked_lines import MAX_HEAD_BYTES
from integrations.egress.codings import truncated
from integrations.egress.cookies import Cookie
from integrations.egress.deadline import CallDeadline, Watchdog
from integrations.egress.dial import CONNECT_TIMEOUT_SECONDS, Dialer, is_local_address
from integrations.egress.exchange import Exchange
from integrations.egress.guard import EgressPolicy, EgressVerdict, OwnListeners
from integrations.egress.messages import Answer, DigestLogin, PreparedCall
from integrations.egress.names import NameResolver, Resolve
from integrations.egress.pools import GuardedPools, Reply
from integrations.egress.redirects import MAX_REDIRECTS, Hop, first_hop, is_followed, next_hop
from integrations.egress.release import require_release
from integrations.egress.request_headers import request_headers
from integrations.egress.urls import read_url

__all__ = ["Egress", "EgressPolicy", "EgressVerdict"]

# A body in tiny chunks is mostly framing: at worst six bytes for each byte.
_FRAMING_FACTOR = 8

_DIGEST_CHALLENGE = re.compile(r"(?:^|,)\s*Digest\s+(.*)", re.IGNORECASE | re.DOTALL)


class _Request(requests.PreparedRequest):
    """A request that is sent unchanged: requests does not normalise, merge or add anything."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.method = exchange.hop.method
        self.url = exchange.hop.destination.origin


class _Response(requests.Response):
    """An answer as it came: only `raw` is set; no cookies, history or decoding."""

    def __init__(self, request: requests.PreparedRequest, reply: Reply) -> None:
        self.request = request
        self.raw = reply
        self.status_code = reply.status


class _Adapter(HTTPAdapter):
    """requests' adapter over guarded pools. The response's `raw` is the answer, its body unread.

    It stands alone: a session would add cookies, proxies and a .netrc to the request, and none of them may come in.
    """

    def __init__(self, pools: GuardedPools) -> None:
        self.pools = pools
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        self.poolmanager = self.pools

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        if not isinstance(request, _Request):
            raise TypeError("Only requests that were checked go through this door.")
        return _Response(request, self.pools.open(request.exchange))


class Egress:
    """Sends calls to allowed destinations, within their deadline and size limits. Thread-safe."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        user_agent: str,
        pool_size: int = 32,
        own_listeners: Collection[tuple[str, int]] = (),
        resolve: Resolve = socket.getaddrinfo,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    ) -> None:
        self._user_agent = user_agent
        self._watchdog = Watchdog(time.monotonic)
        self._resolver = NameResolver(resolve)
        own = OwnListeners.of(own_listeners, is_local_address)
        self._dialer = Dialer(policy, own, self._resolver, connect_timeout_seconds)
        self._adapter = _Adapter(GuardedPools(self._dialer, pool_size))

    def send(self, call: PreparedCall, *, deadline_seconds: float | None = None) -> Answer:
        """The answer to a call, whatever its status, after the redirects that the call allows.

        `deadline_seconds` is what is left of an outer deadline; the shorter of it and the call's own timeout
        bounds everything together. Raises ReviewDue for a secret that may not go there, EgressRefused,
        UpstreamUnreachable, UpstreamInvalid, UpstreamFailed (reason "redirect") or DeadlineExceeded.
        """
        seconds = min(call.timeout_seconds, math.inf if deadline_seconds is None else deadline_seconds)
        answer = self._send_once(call, seconds)
        challenge = None if answer.status != 401 or answer.redirected else digest_challenge(answer)
        if call.digest is None or challenge is None:
            return answer
        answered = (*call.headers, ("Authorization", answer_challenge(call, call.digest, challenge)))
        return self._send_once(replace(call, headers=answered), seconds - answer.duration_seconds)

    def _send_once(self, call: PreparedCall, seconds: float) -> Answer:
        require_release(call)
        started_at = time.monotonic()
        hop = first_hop(call)
        received_bytes, visited = 0, list[str]()
        seen: set[tuple[str, str, tuple[Cookie, ...]]] = set()
        with self._watchdog.watch(seconds) as watch:
            while True:
                _check_loop(hop, seen)
                exchange = self._make_exchange(call, hop, watch)
                reply = self._adapter.send(_Request(exchange)).raw
                following = _following_hop(call, hop, reply)
                if following is None:
                    body = _read_answer_body(reply, exchange, call)
                    break
                received_bytes += exchange.received_bytes
                hop = following
                visited.append(hop.url)
        return Answer(
            status=reply.status,
            headers=reply.headers,
            body=body,
            origin=hop.destination.origin,
            duration_seconds=time.monotonic() - started_at,
            received_bytes=received_bytes + exchange.received_bytes,
            redirected=hop.is_redirected,
            visited=tuple(visited),
        )

    def check_settings(self, call: PreparedCall) -> None:
        """Raises SettingsIncomplete if a setting prevents the call, before anything is sent or counted."""
        if call.tls is not None and call.origin.startswith("https:"):
            self._adapter.pools.check_settings(call.tls)

    def verdict(self, url: str, public_only: bool = False) -> EgressVerdict:
        """Whether a call to the URL would be allowed, as far as can be told without a name lookup."""
        try:
            destination = read_url(url)
        except ValueError as error:
            return EgressVerdict(False, str(error))
        return self._dialer.judge(destination, public_only)

    def close(self) -> None:
        """Close the kept connections and end the threads."""
        self._adapter.close()
        self._resolver.close()
        self._watchdog.close()

    def _make_exchange(self, call: PreparedCall, hop: Hop, watch: CallDeadline) -> Exchange:
        return Exchange(
            hop=hop,
            headers=request_headers(hop, self._user_agent),
            watch=watch,
            public_only=call.public_only,
            max_received_bytes=MAX_HEAD_BYTES + _FRAMING_FACTOR * call.max_bytes,
            # A redirect to another origin gets nothing of the call, so no client certificate either.
            tls=None if hop.is_foreign else call.tls,
            owner=call.connection_key,
        )


def _following_hop(call: PreparedCall, hop: Hop, reply: Reply) -> Hop | None:
    """The hop that the answer redirects to; None if it is the answer. Raises as `next_hop` does."""
    if not is_followed(call, reply.status, reply.headers):
        return None
    try:
        following = next_hop(call, hop, reply.status, reply.headers, time.time())
    except PatchbayError as error:
        if call.is_check and isinstance(error, UpstreamFailed):
            return None
        reply.drop()
        raise
    reply.drop()
    return following


def _check_loop(hop: Hop, seen: set[tuple[str, str, tuple[Cookie, ...]]]) -> None:
    # A page may redirect to itself to set a cookie.
    step = (hop.method, hop.url, hop.cookies)
    if step in seen or len(seen) > MAX_REDIRECTS:
        raise UpstreamInvalid("The provider redirects in a loop or too many times.", reason="redirect_loop")
    seen.add(step)


def _read_answer_body(reply: Reply, exchange: Exchange, call: PreparedCall) -> bytes:
    if call.is_check:
        return _leave_body(reply, exchange)
    try:
        # A short body arrived with the head: reading it does not block.
        with nullcontext() if reply.response.is_here else released_slot():
            body = reply.response.read_body(reply.headers, call.max_bytes)
    except (OSError, PatchbayError) as error:
        reply.drop()
        # The watchdog shuts the socket down, which looks as if the peer closed it.
        if exchange.watch.has_ended():
            raise exchange.watch.failure() from None
        raise (truncated() if isinstance(error, OSError) else _with_setting(error, call)) from None
    reply.keep()
    exchange.watch.remaining_seconds()
    return body


def _leave_body(reply: Reply, exchange: Exchange) -> bytes:
    """Ends an answer of which only the head counts, however large it is."""
    if exchange.hop.method == "HEAD":
        reply.keep()
    else:
        reply.drop()
    return b""


def _with_setting(error: PatchbayError, call: PreparedCall) -> PatchbayError:
    """The failure; of an answer that is too large, with the setting to raise."""
    setting = call.max_bytes_setting
    if setting is None or error.extensions.get("reason") != "too_large":
        return error
    return UpstreamInvalid(
        f"{error.detail} Ask for a part of it, or raise {setting}.",
        **{**error.extensions, "setting": setting},
    )


def digest_challenge(answer: Answer) -> str | None:
    """The parameters of the Digest challenge among the answer's (RFC 9110 section 11.6.1), None without one."""
    for value in answer.headers.get_all("WWW-Authenticate"):
        match = _DIGEST_CHALLENGE.search(value)
        if match:
            return match.group(1)
    return None


def answer_challenge(call: PreparedCall, login: DigestLogin, challenge: str) -> str:
    """The Authorization header that answers a Digest challenge (RFC 7616), computed by requests.

    Raises UpstreamFailed for a challenge that cannot be answered.
    """
    auth = HTTPDigestAuth(login.username, login.password)
    auth.init_per_thread_state()
    auth._thread_local.chal = parse_dict_header(challenge)
    try:
        header = auth.build_digest_header(call.method, call.url)
    except (KeyError, ValueError, AttributeError):
        header = None
    if header is None:
        raise UpstreamFailed(
            "The provider asks for a digest authentication that Patchbay does not support.",
            upstream_status=401,
            reason="digest",
        )
    return header
