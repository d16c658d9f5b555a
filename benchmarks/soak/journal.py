"""What clients saw: acknowledged writes, answers by kind, and whatever must not happen."""

from __future__ import annotations

import base64
import secrets
import threading
from collections import Counter
from dataclasses import dataclass, field

# What a provider's failure, or its own limit, may turn into.
UPSTREAM_CODES = {
    "upstream_failed",
    "upstream_unreachable",
    "upstream_invalid",
    "breaker_open",
    "deadline_exceeded",
}


class Canary:
    """Secrets that contain one mark, and a search for the mark as it is and inside base64."""

    def __init__(self) -> None:
        self.mark = secrets.token_hex(12)
        raw = self.mark.encode()
        encoded = [base64.b64encode(b"\0" * before + raw + b"\0" * 3) for before in range(3)]
        # The digits at both ends also hold bits of what stands around.
        cores = [text[4 if before else 0 : 28] for before, text in enumerate(encoded)]
        self._forms = [raw, raw.hex().encode(), *cores]

    def secret(self, number: int) -> str:
        return f"{self.mark}-{number:08}"

    def number_of(self, secret: str) -> int:
        return int(secret.rpartition("-")[2])

    def is_in(self, text: bytes) -> bool:
        return any(form in text for form in self._forms)


@dataclass
class Journal:
    """Filled by many threads. A number that only one of them writes ascends."""

    canary: Canary = field(default_factory=Canary)
    answers: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    """Acknowledged ones, by kind."""
    own_failures: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    hot_ms: list[tuple[float, float]] = field(default_factory=list)
    """When, and how long a hit took."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def wrong(self) -> dict[str, list[str]]:
        """What must not have happened, by its kind."""
        return {
            "lost": self.lost,
            "leaks": self.leaks,
            "own_failures": self.own_failures,
            "unexpected": self.unexpected,
        }

    def note(
        self,
        kind: str,
        status: int,
        code: str | None,
        text: bytes,
        expected: set[int],
        began: float = 0.0,
    ) -> None:
        """Counts an answer to what was asked when it `began`, and keeps what is wrong with it."""
        with self.lock:
            self.answers[f"{kind} {status}" + (f" {code}" if code else "")] += 1
            said = f"{kind}: {status} {code}: {text[:300].decode('utf-8', 'replace')}"
            if self.is_own_failure(status, code, began):
                self.own_failures.append(said)
            elif status not in expected:
                self.unexpected.append(said)
            if self.canary.is_in(text):
                self.leaks.append(f"an answer to {kind}")

    def is_own_failure(self, status: int, code: str | None, began: float) -> bool:
        """Whether an answer is a 5xx for which no provider is to blame."""
        return status >= 500 and code not in UPSTREAM_CODES

    def acknowledge(self, kind: str) -> None:
        with self.lock:
            self.writes[kind] += 1

    def lose(self, what: str) -> None:
        with self.lock:
            self.lost.append(what)
