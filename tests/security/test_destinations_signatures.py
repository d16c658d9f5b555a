"""What a signature copies out of a request is a secret where the request holds one."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.databases import contents_of
from tests.security.ground import BY_HEADER, STATUS, Ground, json_answer
from tests.security.locks import assert_locked

IN_QUERY = {**BY_HEADER, "in": "query", "name": "k"}


def packing(part: str, again: bool = False) -> dict[str, Any]:
    values = [{"name": "packed", "function": "base64", "input": part}]
    values += [{"name": "twice", "function": "base64", "input": "{packed}"}] if again else []
    return {"type": "signature", "values": values, "headers": {"X-Copy": "{twice}" if again else "{packed}"}}


def echo(request: bytes) -> bytes:
    """The provider says what it was sent."""
    line = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"x-copy:"))
    return json_answer(b'{"seen": "%s", "ok": true}' % line.partition(b": ")[2])


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("part", ["{request.query}", "{request.url}", "{request.target}"])
def test_the_base64_of_a_query_with_the_key_comes_back_nowhere(
    ground: Ground, part: str, again: bool
) -> None:
    ground.reply = echo
    service = ground.service()
    service.declare(auth=[IN_QUERY, packing(part, again)])
    service.enter()
    answer = service.render()
    assert answer.status_code == 200
    sent = ground.provider.requests[-1].partition(b"X-Copy: ")[2].partition(b"\r\n")[0]
    inner = base64.b64decode(base64.b64decode(sent)) if again else base64.b64decode(sent)
    assert b"k=K" in inner
    assert sent not in answer.content
    assert all(sent not in content for content in contents_of(ground.instance).values())


def test_the_base64_of_a_body_with_the_key_comes_back_nowhere(ground: Ground) -> None:
    ground.reply = echo
    service = ground.service()
    endpoint = {**STATUS, "method": "POST", "safe": True, "body": {"k": "{api_key}"}}
    service.declare(auth=packing("{request.body}"), endpoints=[endpoint])
    service.enter()
    answer = service.execute()
    sent = ground.provider.requests[-1].partition(b"X-Copy: ")[2].partition(b"\r\n")[0]
    assert b'{"k":"K' in base64.b64decode(sent)
    assert sent not in answer.content


@pytest.mark.parametrize("part", ["{request.query}", "{request.url}", "{request.target}"])
def test_a_copy_is_a_move_to_be_reviewed(ground: Ground, part: str) -> None:
    service = ground.service()
    service.declare(auth=IN_QUERY)
    service.enter()
    assert service.render().status_code == 200
    review = service.declare(auth=[IN_QUERY, packing(part)]).json()["review"]
    assert ("header", "x-copy") in [(item["placement"], item["name"]) for item in review["new"]]
    assert_locked(service)


@pytest.mark.parametrize("part", ["{request.path}", "{request.host}", "{request.method}"])
def test_a_copy_of_what_holds_no_key_is_none(ground: Ground, part: str) -> None:
    service = ground.service()
    service.declare(auth=IN_QUERY)
    service.enter()
    assert service.declare(auth=[IN_QUERY, packing(part)]).json()["review"] is None
    assert service.render().status_code == 200
