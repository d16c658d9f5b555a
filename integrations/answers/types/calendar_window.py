"""`ical` of an endpoint: which events of a calendar an answer has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """The days ahead and back, counted from the time of the fetch.

    `zone` is the declared time zone, in which times are written.
    """

    days: float
    past_days: float
    zone: tzinfo | None = None

    def bounds(self, now: float) -> tuple[datetime, datetime]:
        """The first and the last moment, in UTC. `now` is epoch seconds."""
        moment = datetime.fromtimestamp(now, UTC)
        return moment - timedelta(days=self.past_days), moment + timedelta(days=self.days)
