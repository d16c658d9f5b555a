"""A sample answer: from a file, from standard input, or from the provider itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from integrations.answers.parse import parse_answer
from integrations.answers.types.fitting_type import fitting_types
from integrations.answers.types.received import Received
from integrations.egress.door import Egress
from integrations.egress.guard import EgressPolicy
from integrations.egress.messages import PreparedCall
from integrations.json.exact_json import load_json
from regular_files import UnusableFile, read_regular_file
from settings import Settings, version

MAX_SAMPLE_BYTES = 10 * 1024 * 1024
TIMEOUT_SECONDS = 20.0
_GUESSED = frozenset({"json", "ndjson", "csv"})


class NoSample(Exception):
    """There is no usable sample. The message says why."""


def read_sample_file(name: str) -> bytes:
    """The content of the file; `-` is standard input. Raises NoSample."""
    if name == "-":
        return sys.stdin.buffer.read(MAX_SAMPLE_BYTES)
    try:
        return read_regular_file(Path(name), MAX_SAMPLE_BYTES)
    except UnusableFile as error:
        raise NoSample(f"{name} {error}.") from None


def fetch_sample(url: str, settings: Settings) -> bytes:
    """What the address answers to a GET, within the rules for calls. Raises NoSample, and the errors of egress."""
    policy = EgressPolicy.parse(",".join(settings.egress_allow), "")
    egress = Egress(policy, user_agent=f"Patchbay/{version()}", pool_size=1)
    try:
        headers = (("Accept", "application/json, */*;q=0.5"),)
        answer = egress.send(PreparedCall("GET", url, headers, timeout_seconds=TIMEOUT_SECONDS))
    finally:
        egress.close()
    if answer.status >= 300:
        raise NoSample(f"It answers with status {answer.status}.")
    return answer.body


def kind_of(body: bytes) -> str:
    """The `response_type` that fits the bytes."""
    try:
        load_json(body)
    except ValueError:
        return next(fitting_types(Received(body)), "text")
    return "json"


def value_of(body: bytes, kind: str) -> Any:
    """The sample as the value that `select` works on; None for types of which nothing is guessed.

    Raises UpstreamInvalid for a sample that cannot be read.
    """
    return parse_answer(kind, None, body).value if kind in _GUESSED else None
