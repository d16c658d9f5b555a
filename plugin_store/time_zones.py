"""The time zone of this machine."""

from __future__ import annotations

from datetime import tzinfo
from typing import cast

from apscheduler.triggers.cron import CronTrigger


def machine_zone() -> tzinfo:
    """The machine's time zone, which `TZ` sets."""
    return cast(tzinfo, CronTrigger.from_crontab("* * * * *").timezone)
