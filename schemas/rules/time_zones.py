"""Names of time zones, as in the IANA database."""

from __future__ import annotations

from zoneinfo import ZoneInfo

UNKNOWN_ZONE = "Unknown time zone. Use a name like Europe/Oslo or UTC."


def is_time_zone(name: str) -> bool:
    """Whether this machine knows a time zone of this name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
