"""The formats of string settings, by their JSON Schema names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import date, datetime, time
from urllib.parse import urlsplit

from plugin_store.settings.colors import is_color

HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f<>\"{}|\\^`]+")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
TIME = re.compile(_CLOCK)
MOMENT = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt ]{_CLOCK}")


def _is_hostname(text: str) -> bool:
    return HOSTNAME.fullmatch(text) is not None


def _is_uri(text: str) -> bool:
    return URI.fullmatch(text) is not None


def _is_email(text: str) -> bool:
    mailbox, _, host = text.rpartition("@")
    return MAILBOX.fullmatch(mailbox) is not None and _is_hostname(host)


def _is_date(text: str) -> bool:
    return DATE.fullmatch(text) is not None and _parses(date.fromisoformat, text)


def _is_date_time(text: str) -> bool:
    """RFC 3339 section 5.6, without leap seconds."""
    return DATE_TIME.fullmatch(text) is not None and _parses(datetime.fromisoformat, text.upper())


def _is_moment(text: str) -> bool:
    """A date with a time of day, as forms send it: seconds and the UTC offset are optional."""
    return MOMENT.fullmatch(text) is not None and _parses(datetime.fromisoformat, text.upper())


def _is_time(text: str) -> bool:
    return TIME.fullmatch(text) is not None and _parses(time.fromisoformat, text.upper())


def _is_url(text: str) -> bool:
    """An absolute URL with a host, of any scheme."""
    if not _is_uri(text):
        return False
    try:
        return bool(urlsplit(text).hostname)
    except ValueError:
        return False


def _is_ipv4(text: str) -> bool:
    return _parses(ipaddress.IPv4Address, text)


def _is_ipv6(text: str) -> bool:
    return "%" not in text and _parses(ipaddress.IPv6Address, text)


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


FORMATS: dict[str, Callable[[str], bool]] = {
    "hostname": _is_hostname,
    "uri": _is_uri,
    "email": _is_email,
    "date": _is_date,
    "date-time": _is_date_time,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
}

TYPE_FORMATS: dict[str, tuple[Callable[[str], bool], str]] = {
    "date": (_is_date, "a date such as 2024-05-31"),
    "datetime": (_is_moment, "a date and time such as 2024-05-31T14:30"),
    "time": (_is_time, "a time such as 14:30"),
    "email": (_is_email, "an email address such as ada@example.org"),
    "url": (_is_url, "a whole address such as https://example.org/"),
    "color": (is_color, "a CSS color such as #1e90ff"),
}
"""The types of a value that are texts of a format: the check, and what the value must be in a sentence."""
