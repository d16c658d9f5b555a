"""Providers that fail: a request to one of them is answered with an error, until it is mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from examples.sandbox.exchange import Reply, json_reply
from examples.sandbox.providers import PROVIDERS

DOWN = json_reply({"message": "Down for maintenance."}, 503)
KEY_REVOKED = json_reply({"message": "This key was revoked."}, 401)


@contextmanager
def failing(answers: Mapping[str, Reply]) -> Iterator[None]:
    """Inside, each of these providers, by its id, gives that answer to all but logins."""
    mended = {provider_id: PROVIDERS[provider_id].guard for provider_id in answers}
    try:
        for provider_id, answer in answers.items():
            PROVIDERS[provider_id].guard = lambda _request, answer=answer: answer
        yield
    finally:
        for provider_id, guard in mended.items():
            PROVIDERS[provider_id].guard = guard
