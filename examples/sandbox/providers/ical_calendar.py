"""A calendar behind a secret address, as Google offers it (RFC 5545).

The dates follow the day on which the sandbox starts, because a calendar shows what is coming.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from examples.sandbox.exchange import Reply, Request, text_reply
from examples.sandbox.provider import Provider, Sample

CALENDAR_ID, PRIVATE_KEY = "anna@example.com", "0123456789abcdef0123456789abcdef"
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day(days: int, hour: int = 0, minute: int = 0) -> datetime:
    return TODAY + timedelta(days=days, hours=hour, minutes=minute)


def stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


PLACE = "LOCATION:Main Street 1\\, Oslo"
EVENTS = (
    (
        "1",
        "Dentist",
        [f"DTSTART:{stamp(day(2, 9))}", f"DTEND:{stamp(day(2, 9, 30))}", "LOCATION:Main Street 1\\, Oslo"],
    ),
    ("2", "Holiday", [f"DTSTART;VALUE=DATE:{day(4):%Y%m%d}", f"DTEND;VALUE=DATE:{day(6):%Y%m%d}"]),
    (
        "3",
        "Choir",
        [
            f"DTSTART:{stamp(day(-698, 18))}",
            f"DTEND:{stamp(day(-698, 20))}",
            "RRULE:FREQ=WEEKLY",
            f"EXDATE:{stamp(day(9, 18))}",
        ],
    ),
    ("4", "Long ago", [f"DTSTART:{stamp(day(-50, 9))}", f"DTEND:{stamp(day(-50, 10))}"]),
    ("5", "Called off", [f"DTSTART:{stamp(day(3, 9))}", "STATUS:CANCELLED"]),
)


def event(title: str, start: str, end: str, **more: object) -> dict[str, object]:
    return {
        "title": title,
        "start": start,
        "end": end,
        "all_day": False,
        "where": None,
        "repeats": False,
        **more,
    }


provider = Provider(
    "ical-calendar",
    config={"calendar_id": CALENDAR_ID, "private_key": PRIVATE_KEY},
    samples=(
        Sample(
            "agenda",
            {},
            [
                event("Dentist", iso(day(2, 9)), iso(day(2, 9, 30)), where="Main Street 1, Oslo"),
                event("Choir", iso(day(2, 18)), iso(day(2, 20)), repeats=True),
                event("Holiday", f"{day(4):%Y-%m-%d}", f"{day(6):%Y-%m-%d}", all_day=True),
            ],
        ),
        Sample(
            "search",
            {"title": "DENT"},
            {"title": "Dentist", "start": iso(day(2, 9)), "where": "Main Street 1, Oslo"},
        ),
    ),
)


@provider.route("/calendar/ical/{calendar}/{key}/basic.ics")
def show_calendar(_request: Request, calendar: str, key: str) -> Reply:
    if (calendar, key) != (CALENDAR_ID, f"private-{PRIVATE_KEY}"):
        return text_reply("Not Found\n", 404)
    lines = ["BEGIN:VCALENDAR", "PRODID:-//Google Inc//Google Calendar 70.9054//EN", "VERSION:2.0"]
    lines += ["CALSCALE:GREGORIAN", "METHOD:PUBLISH", "X-WR-CALNAME:Anna", "X-WR-TIMEZONE:UTC"]
    for uid, title, more in EVENTS:
        lines += [
            "BEGIN:VEVENT",
            *more,
            f"DTSTAMP:{stamp(TODAY)}",
            f"UID:{uid}@google.com",
            f"SUMMARY:{title}",
        ]
        lines.append("END:VEVENT")
    text = "\r\n".join([*lines, "END:VCALENDAR", ""])
    return text_reply(text, content_type="text/calendar; charset=UTF-8")
