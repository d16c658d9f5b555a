"""Answers from samples in place of calls: nothing is sent, charged to a budget or logged as a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from errors import SampleMissing
from integrations.budget.budget import Account
from integrations.calling.parameters import Values
from integrations.catalog.catalog import Installed
from integrations.egress.call_identity import SECRET
from integrations.egress.messages import Answer, PreparedCall
from integrations.sample_answers.folder import SampleFolder
from integrations.sample_answers.sample_file import file_name
from integrations.usage.call_log import CallRecord, Cause


class SampleDoor:
    """Stands where the egress door stands, and has no way out."""

    def __init__(self, folder: SampleFolder) -> None:
        self._folder = folder

    def check_settings(self, call: PreparedCall) -> None:
        """Nothing is presented to anybody, so there is nothing to check."""

    def send(self, call: PreparedCall, *, deadline_seconds: float | None = None) -> Answer:
        """The sample's answer. Raises SampleMissing."""
        if call.identify is None:
            raise SampleMissing("No sign-in is possible while samples answer in place of providers.")
        identity = call.identify()
        sample = self._folder.find(identity)
        if sample is None:
            raise SampleMissing(
                "No sample answers this call. Record it with `flask manifest record`, or write it by hand.",
                sample=file_name(identity),
                request={"endpoint": identity.endpoint_id, "method": identity.method, "url": identity.url},
            )
        answer = sample.answer
        return Answer(
            status=answer.status,
            headers=answer.headers,
            body=b"" if call.is_check else answer.body,
            origin=call.origin,
            duration_seconds=0.0,
            received_bytes=len(answer.body),
        )


class FreeOfCharge:
    """A budget that nothing is charged to."""

    def spend(
        self,
        account: Account,
        call: PreparedCall,
        cause: Cause,
        send: Callable[[], Answer],
        waited_until: float = 0.0,
    ) -> Answer:
        """The answer of `send`."""
        return send()


class NoCallLog:
    """The call log of calls that were not made."""

    def record(self, record: CallRecord) -> None:
        """Records nothing."""


class SampleTokens:
    """Tokens for calls that are not sent: nobody signs in for them."""

    def get(self, installed: Installed, values: Values, cause: Cause) -> Mapping[str, str]:
        """A text in place of each value of the token."""
        token = installed.integration.token
        return dict.fromkeys(token.provides, SECRET) if token is not None else {}

    def renew(
        self, installed: Installed, values: Values, rejected: Mapping[str, str], cause: Cause
    ) -> Mapping[str, str]:
        """The same again."""
        return self.get(installed, values, cause)
