"""What a provider leaves on a connection reaches no other workspace, plugin or credential."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from tests.raw_upstreams import Peer, RawUpstream
from tests.security.ground import API_KEY, Ground, Service, json_answer, new_secret

LABEL = re.compile(rb"\r\nX-Label: ([^\r]*)")
LABELLED = {"name": "label", "required": True}


def owned_answer(request: bytes) -> bytes:
    """An answer that names who sent the request that it belongs to."""
    label = LABEL.search(request)
    assert label
    return json_answer(b'{"of": "%b"}' % label[1])


def in_one_segment(peer: Peer, request: bytes) -> None:
    peer.send(owned_answer(request) * 2)


def a_moment_later(peer: Peer, request: bytes) -> None:
    peer.send(owned_answer(request))
    peer.pause(random.uniform(0, 0.004))
    peer.send(owned_answer(request))


def byte_by_byte(peer: Peer, request: bytes) -> None:
    peer.send(owned_answer(request))
    for index in range(0, len(late := owned_answer(request)), 16):
        peer.pause(0.0005)
        peer.send(late[index : index + 16])


def after_no_content(peer: Peer, request: bytes) -> None:
    peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    peer.pause(random.uniform(0, 0.004))
    peer.send(owned_answer(request))


def after_a_reset_content(peer: Peer, request: bytes) -> None:
    peer.send(b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n")
    peer.pause(random.uniform(0, 0.004))
    peer.send(owned_answer(request))


def by_a_length_beside_chunks(peer: Peer, request: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    peer.send(head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
    peer.pause(random.uniform(0, 0.004))
    peer.send(owned_answer(request))


def callers_of(ground: Ground, url: str) -> list[tuple[Service, str, str]]:
    """Two plugins at one provider in three workspaces, each with a key and a label of its own."""
    workspaces = [ground.call("POST", "/workspaces", {"name": f"w{n}"}).json()["id"] for n in range(3)]
    callers = []
    for _ in range(2):
        service = ground.service([API_KEY, LABELLED])
        service.declare(base_url=url, headers={"X-Label": "{label}"})
        for workspace in workspaces:
            scope, label = f"?workspace_id={workspace}", f"{service.id}-of-{workspace}"
            service.configure(scope=scope, label=label, api_key=new_secret())
            callers.append((service, scope, label))
    return callers


@pytest.mark.parametrize(
    "leave",
    [
        in_one_segment,
        a_moment_later,
        byte_by_byte,
        after_no_content,
        after_a_reset_content,
        by_a_length_beside_chunks,
    ],
)
def test_an_answer_never_reaches_another_caller(ground: Ground, leave: Callable[[Peer, bytes], None]) -> None:
    def handle(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            leave(peer, request)

    with RawUpstream(handle) as provider:
        callers = callers_of(ground, provider.url("").rstrip("/"))
        heard = [
            (label, data["of"])
            for service, scope, label in callers * 12
            if (data := service.execute(scope=scope).json().get("data"))
        ]

    assert [(label, of) for label, of in heard if of != label] == []


def test_a_token_is_not_fetched_over_the_connection_that_it_is_used_on(ground: Ground) -> None:
    def handle(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            is_token = request.startswith(b"POST /token")
            peer.send(
                json_answer(b'{"access_token": "t-0123456789", "expires_in": 3600}' if is_token else b"{}")
            )

    with RawUpstream(handle) as provider:
        service = ground.service([{"name": "client_id"}, {"name": "client_secret", "secure": True}])
        service.declare(
            base_url=provider.url("").rstrip("/"),
            auth=None,
            auth_method="oauth2_client_credentials",
            oauth2={"token_url": provider.url("/token")},
        )
        service.configure(client_id="c", client_secret=ground.secret)
        statuses = [service.execute().status_code for _ in range(3)]

    assert statuses == [200] * 3
    assert (provider.accepts, len(provider.requests)) == (2, 4)
