"""One answer, read as its endpoint declares. Pure."""

from __future__ import annotations

from datetime import tzinfo
from functools import cached_property
from typing import Any

from errors import UpstreamInvalid
from integrations.answers.parse import Parsed, parse_answer
from integrations.egress.messages import Answer, PreparedCall
from integrations.json.exact_json import load_json
from integrations.manifests.model import Endpoint
from integrations.redaction.redactor import Redactor


class AnswerReading:
    """An answer to a call of an endpoint. Its body is parsed once, when that is first needed."""

    def __init__(
        self, endpoint: Endpoint, call: PreparedCall, answer: Answer, now: float, zone: tzinfo
    ) -> None:
        """`now` is the time of the answer in epoch seconds, `zone` the time zone of the workspace."""
        self.endpoint = endpoint
        self.call = call
        self.answer = answer
        self.now = now
        self.zone = zone

    @cached_property
    def parsed(self) -> Parsed:
        """The parsed body. Raises UpstreamInvalid."""
        return self.parse(self.answer.body)

    def parse(self, body: bytes) -> Parsed:
        """A body parsed as this answer's. Raises UpstreamInvalid."""
        endpoint = self.endpoint
        return parse_answer(
            endpoint.response_type,
            self.answer.headers.get("Content-Type"),
            body,
            page_url=_page_url(self.call),
            status=self.answer.status,
            allow_empty=not endpoint.is_safe or endpoint.method not in ("GET", "POST"),
            reading=endpoint.reading,
            now=self.now,
            zone=self.zone,
        )

    @property
    def value_to_judge(self) -> Any:
        """The value of whatever came, also where it is not of the declared type; None if it cannot be read.

        Many providers report a failure as JSON, whatever the endpoint returns otherwise.
        """
        media_type = (self.answer.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        is_other_json = media_type.endswith("json") and self.endpoint.response_type != "json"
        try:
            return load_json(self.answer.body) if is_other_json else self.parsed.value
        except (UpstreamInvalid, ValueError):
            return None


def media_type_without_secrets(media_type: str, call: PreparedCall) -> str:
    return Redactor(call.secrets).redact_text(media_type) if call.secrets else media_type


def _page_url(call: PreparedCall) -> str:
    """The base URL for relative links of a feed or page, without the query, which may hold a key."""
    return call.url if call.public_only else call.url.partition("?")[0]
