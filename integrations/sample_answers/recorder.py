"""Keeps what providers answer while blocks are rendered, and writes it as samples."""

from __future__ import annotations

from pathlib import Path

from errors import PatchbayError
from integrations.calling.metered_egress import Purpose
from integrations.catalog.catalog import Installed
from integrations.egress.call_identity import SECRET
from integrations.egress.messages import Answer, Headers, PreparedCall
from integrations.json.exact_json import dump_json, load_json
from integrations.manifests.model import Endpoint
from integrations.redaction.redactor import Redactor
from integrations.sample_answers.sample_file import Sample, SampleAnswer, file_name, write_sample

# Others tell of the moment or the server, and would change with every recording.
_KEPT_HEADERS = frozenset({"cache-control", "content-type", "link", "location", "retry-after"})


class Recorder:
    """The answers since the last `clear`. The last one to a call counts, as after a retry."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Sample, bool]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def clear(self) -> None:
        self._found.clear()

    def note(self, installed: Installed, purpose: Purpose, call: PreparedCall, answer: Answer) -> None:
        """Keeps the answer without the secrets of its call. Answers to token requests are not kept."""
        endpoint = installed.integration.endpoints.get(purpose.endpoint_id)
        if call.identify is None or endpoint is None:
            return
        try:
            identity = call.identify()
        except PatchbayError:
            return
        is_json = endpoint.response_type == "json"
        sample = Sample(identity, _without_secrets(call, answer, endpoint, is_json=is_json))
        self._found[file_name(identity)] = (sample, is_json)

    def write(self, folder: Path) -> list[str]:
        """Writes a file for each call, and returns the files' names. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, (sample, is_json) in self._found.items():
            (folder / name).write_text(write_sample(sample, is_json=is_json), "utf-8")
        return sorted(self._found)


def _without_secrets(
    call: PreparedCall, answer: Answer, endpoint: Endpoint, *, is_json: bool
) -> SampleAnswer:
    redactor = Redactor(call.secrets)
    kept = _KEPT_HEADERS | _headers_read(endpoint)
    headers = tuple(
        (name, _hidden(redactor, value.encode()).decode("utf-8", "replace"))
        for name, value in answer.headers
        if name.lower() in kept
    )
    body = _hidden_json(redactor, answer.body) if is_json else _hidden(redactor, answer.body)
    return SampleAnswer(answer.status, Headers(headers), body)


def _headers_read(endpoint: Endpoint) -> frozenset[str]:
    """The headers that the manifest reads, in lower case."""
    cursor = endpoint.paginator.cursor_header if endpoint.paginator is not None else None
    return frozenset({cursor.lower()}) if cursor else frozenset()


def _hidden(redactor: Redactor, data: bytes) -> bytes:
    return redactor.redact_bytes(data, SECRET.encode())


def _hidden_json(redactor: Redactor, body: bytes) -> bytes:
    """The JSON without secrets. Where one is a number, the text would be no JSON any more, and its value is masked."""
    hidden = _hidden(redactor, body)
    if hidden == body or _is_json(hidden) or not _is_json(body):
        return hidden
    return dump_json(redactor.redact_value(load_json(body)))


def _is_json(body: bytes) -> bool:
    try:
        load_json(body)
    except ValueError:
        return False
    return True
