"""A guesser with unlimited calls, at a provider that repeats what he says: nothing short of all of a secret shows.

Two services are alike but for their secret. Whatever part of the first one's is guessed, both give the same answer.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from integrations.calling.quotation import WITHHELD
from tests.raw_upstreams import respond
from tests.security.ground import API_KEY, STATUS, Ground, Service

Reply = Callable[[str], bytes]

PASSWORD = "correct-horse Battery7 stap"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.q7Zs-Kd0_1aUvWx4LmN8pQ"
SECRETS = {"a password": PASSWORD, "a token": TOKEN}


# As long as needed, and nothing that is said here is part of it.
OTHER = "Jq" * 40


def guesses_at(secret: str) -> Iterator[str]:
    """Parts of the secret, longer and longer, and parts in something else."""
    for start, end in [
        (0, 1),
        (0, 3),
        (0, 4),
        (0, 5),
        (0, 12),
        (0, -1),
        (1, None),
        (5, 9),
        (8, 20),
        (-4, None),
    ]:
        yield secret[start:end]
    yield f"~~{secret[:6]}~~{secret[6:]}"
    yield f"{secret[1:]}{secret[0]}"


def body(value: Any, status: str = "200 OK", media_type: str = "application/json") -> bytes:
    said = value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return respond(said, status=status, headers=(f"Content-Type: {media_type}",))


def failure(value: Any, media_type: str = "application/json") -> bytes:
    return body(value, "400 Bad", media_type)


def header(text: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in text)


# How a provider repeats what it was asked.
ECHOES: dict[str, Reply] = {
    "data": lambda q: body({"query": q, q: [q, {"a": f"<{q}>"}]}),
    "data, percent-encoded": lambda q: body([quote(q, safe=""), quote(quote(q, safe=""), safe="")]),
    "data, in base64": lambda q: body([base64.b64encode(b"." * n + q.encode()).decode() for n in range(3)]),
    "data, in hexadecimal": lambda q: body(q.encode().hex()),
    "data, in capitals": lambda q: body(q.upper()),
    "a media type": lambda q: body({}, media_type=f"application/{header(q)}"),
    "a validator": lambda q: respond(b"{}", headers=("Content-Type: application/json", f'ETag: "{header(q)}"')),
    "a wrong type": lambda q: body(q, media_type=f"image/{header(q)}"),
    "a failure": lambda q: failure({"detail": f"No such thing as {q}."}),
    "a failure, cut": lambda q: failure({"detail": f"No such thing as {q[: max(4, len(q) // 2)]}..."}),
    "a failure, in capitals": lambda q: failure({"detail": q.upper()}),
    "a failure, percent-encoded": lambda q: failure({"message": quote(q, safe="")}),
    "a failure, percent-encoded twice": lambda q: failure({"message": quote(quote(q, safe=""), safe="")}),
    "a failure, in base64": lambda q: failure({"message": base64.b64encode(b"q=" + q.encode()).decode()}),
    "a failure, in hexadecimal": lambda q: failure({"message": q.encode().hex()}),
    "a failure, in entities": lambda q: failure({"message": "".join(f"&#{ord(c)};" for c in q)}),
    "a failure, spaced out": lambda q: failure({"message": " ".join(q)}),
    "a failure by field": lambda q: failure({"errors": {q: ["unknown"]}}),
    "a failure as text": lambda q: failure(f"bad: {q}", "text/plain"),
    "a failure as a page": lambda q: failure(f"<title>{q}</title>", "text/html"),
    "a failure as XML": lambda q: failure(f"<e><message><![CDATA[{q}]]></message></e>", "application/xml"),
    "a reason": lambda q: respond(b"", status=f"400 {header(q)}"),
    "a redirect": lambda q: respond(b"", status="302 Found", headers=(f"Location: http://127.0.0.2/{quote(q, safe='')}",)),
}  # fmt: skip


def asked_of(request: bytes) -> str:
    """The caller's input, as the provider got it."""
    target = request.split(b" ", 2)[1].decode()
    return parse_qs(urlsplit(target).query).get("q", [""])[0]


def guessed(ground: Ground, reply: Reply, **endpoint: Any) -> Service:
    ground.reply, ground.hangs_up = lambda request: reply(asked_of(request)), True
    service = ground.service()
    service.declare(endpoints=[{**STATUS, "parameters": [{"name": "q"}], **endpoint}])
    service.enter()
    return service


def answered(service: Service, guess: str) -> tuple[int, Any, dict[str, Any]]:
    """All that shows of an answer, but for its times."""
    answer = service.execute(parameters={"q": guess})
    varying = ("_at", "_hash", "request_id")
    members = {name: value for name, value in answer.json().items() if not name.endswith(varying)}
    return answer.status_code, answer.headers.get("X-Cache"), members


def assert_guesses_tell_nothing(ground: Ground, secret: str, make: Callable[[], Service]) -> None:
    ground.secret = secret
    service = make()
    ground.secret = OTHER[: len(secret)]
    other = make()
    ground.secret = secret
    for guess in guesses_at(secret):
        assert answered(service, guess) == answered(other, guess), guess


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("reply", ECHOES.values(), ids=ECHOES.keys())
def test_a_guess_that_agrees_with_a_part_is_answered_as_any_other(
    ground: Ground, secret: str, reply: Reply
) -> None:
    assert_guesses_tell_nothing(ground, secret, lambda: guessed(ground, reply))


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_the_whole_secret_is_masked_in_data(ground: Ground, secret: str) -> None:
    ground.secret = secret
    service = guessed(ground, lambda q: body({"query": q}))
    assert service.execute(parameters={"q": secret}).json()["data"] == {"query": "••••"}
    assert service.execute(parameters={"q": secret[:-1]}).json()["data"] == {"query": secret[:-1]}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_a_failure_says_the_same_to_the_whole_secret_and_to_none_of_it(ground: Ground, secret: str) -> None:
    ground.secret = secret
    service = guessed(ground, lambda q: failure({"detail": f"No such thing as {q}."}))
    answers = [
        service.execute(parameters={"q": guess}).json() for guess in (secret, secret[:12], "Lisbon", "abc")
    ]
    assert [answer["upstream_message"] for answer in answers] == [WITHHELD] * 4


def protocol_errors(text: str) -> dict[str, Any]:
    return {"data": {"a": 1}, "errors": [{"message": f"unknown: {text}"}], "error": {"message": text}}


PROTOCOLS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "GraphQL": ({"api_type": "graphql"}, {"body": {"query": "{{ a }}", "variables": {"q": "{q}"}}}, "variables"),
    "JSON-RPC": ({}, {"body_format": "jsonrpc", "body": {"method": "m", "params": {"q": "{q}"}}}, "params"),
}  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize(("section", "endpoint", "within"), PROTOCOLS.values(), ids=PROTOCOLS.keys())
def test_neither_does_an_error_within_a_protocol_tell(
    ground: Ground, secret: str, section: dict[str, Any], endpoint: dict[str, Any], within: str
) -> None:
    ground.reply = lambda request: body(
        protocol_errors(json.loads(request.partition(b"\r\n\r\n")[2])[within]["q"])
    )

    def make() -> Service:
        service = ground.service()
        posted = {**STATUS, "method": "POST", "safe": True, "parameters": [{"name": "q"}], **endpoint}
        service.declare(endpoints=[posted], **section)
        service.enter()
        return service

    assert_guesses_tell_nothing(ground, secret, make)


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_neither_does_a_mismatch_with_the_schema(ground: Ground, secret: str) -> None:
    shape = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert_guesses_tell_nothing(
        ground, secret, lambda: guessed(ground, lambda q: body({q: q}), response_schema=shape)
    )


def test_neither_do_guesses_in_pieces(ground: Ground) -> None:
    """Several short inputs that the provider joins."""
    ground.secret = TOKEN

    def reply(request: bytes) -> bytes:
        query = parse_qs(urlsplit(request.split(b" ", 2)[1].decode()).query)
        return failure({"detail": "bad: " + "".join(query[name][0] for name in "abcd" if name in query)})

    ground.reply = reply
    service = ground.service()
    service.declare(endpoints=[{**STATUS, "parameters": [{"name": name} for name in "abcd"]}])
    service.enter()
    for size in (1, 2, 3):
        pieces = [TOKEN[5 + size * at : 5 + size * (at + 1)] for at in range(4)]
        answers = [
            service.execute(parameters=dict(zip("abcd", parts, strict=True)))
            for parts in (pieces, [*pieces[:3], "~" * size])
        ]
        assert {answer.json()["upstream_message"] for answer in answers} == {WITHHELD}


@pytest.mark.parametrize("place", ["setting", "manifest"])
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_neither_do_guesses_in_settings_and_manifests(ground: Ground, secret: str, place: str) -> None:
    ground.reply = lambda request: failure({"detail": f"No such thing as {asked_of(request)}."})
    services = [ground.service([API_KEY, {"name": "who"}]) for _ in range(2)]
    for service, entered in zip(services, (secret, OTHER[: len(secret)]), strict=True):
        service.declare(query={"q": "{who}"})
        service.enter(value=entered)
    for guess in guesses_at(secret):
        for service in services:
            if place == "setting":
                service.configure(who=guess)
            else:
                service.declare(query={"q": guess})
        one, other = (service.execute().json() for service in services[:2])
        assert one == {**other, "request_id": one.get("request_id")} or one == other, guess


PIN = "4711"


def test_of_a_short_secret_nothing_is_told_at_all(ground: Ground) -> None:
    ground.secret = PIN
    pins = [f"{number:04d}" for number in range(10_000)]
    service = guessed(ground, lambda q: body({"pins": pins, "query": q, "number": int(PIN)}))
    data = service.execute(parameters={"q": PIN}).json()["data"]
    assert data == {"pins": pins, "query": PIN, "number": int(PIN)}


@pytest.mark.parametrize("said", ["Wrong PIN 4711", "Wrong PIN 4712", "No such user", "At most 47 calls"])
def test_beside_a_short_secret_no_failure_is_quoted(ground: Ground, said: str) -> None:
    ground.secret = PIN
    service = guessed(ground, lambda _q: failure({"detail": said}))
    assert service.execute().json()["upstream_message"] == WITHHELD


@pytest.mark.parametrize("pin", ["4711", "4712"])
def test_a_pair_with_a_short_password_tells_nothing_either(ground: Ground, pin: str) -> None:
    ground.secret = PIN
    pair = base64.b64encode(f"admin:{pin}".encode()).decode()
    ground.reply = lambda _request: body({"pair": pair, "plain": f"admin:{pin}"})
    service = ground.service()
    service.declare(auth={"type": "basic", "username": "admin", "password": "{api_key}"})
    service.enter()
    assert service.execute().json()["data"] == {"pair": pair, "plain": f"admin:{pin}"}


@pytest.mark.parametrize("pin", ["4711", "4712"])
def test_a_redirect_elsewhere_is_refused_whatever_short_secret_it_names(ground: Ground, pin: str) -> None:
    ground.secret = PIN
    location = f"Location: {ground.stranger_url}/page?k={pin}"
    service = guessed(
        ground, lambda _q: respond(b"", status="302 Found", headers=(location,)), redirects="any"
    )
    answer = service.execute()
    assert (answer.status_code, answer.json()["reason"]) == (403, "redirect")
    assert ground.stranger.accepts == 0


def test_what_helps_is_still_quoted(ground: Ground) -> None:
    ground.secret = TOKEN
    said = "The parameter `units` must be metric or imperial (see the documentation)."
    service = guessed(ground, lambda _q: failure({"detail": said}))
    assert service.execute(parameters={"q": "Lisbon"}).json()["upstream_message"] == said
    assert service.execute().json()["upstream_message"] == said


@pytest.mark.parametrize("cut", [slice(0, 4), slice(0, 12), slice(-4, None), slice(0, -1), slice(None)])
def test_a_provider_that_says_a_part_of_the_secret_by_itself_is_not_quoted(
    ground: Ground, cut: slice
) -> None:
    ground.secret = TOKEN
    service = guessed(ground, lambda _q: failure({"detail": f"Incorrect key provided: {TOKEN[cut]}****"}))
    assert service.execute().json()["upstream_message"] == WITHHELD
