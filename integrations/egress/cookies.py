"""Cookies within one call (RFC 6265): what a redirect sets, and what the next request carries. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

MAX_COOKIES = 50
MAX_COOKIE_CHARACTERS = 4096
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class SetCookie:
    """One Set-Cookie header. The names of `attributes` are in lower case; the last of a name counts."""

    name: str
    value: str = field(repr=False)
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of the call's origin."""

    name: str
    value: str = field(repr=False)
    path: str = "/"

    def goes_to(self, path: str) -> bool:
        """Whether a request for the path carries it (section 5.1.4)."""
        if not path.startswith(self.path):
            return False
        return path == self.path or self.path.endswith("/") or path[len(self.path)] == "/"


def read_set_cookie(line: str) -> SetCookie | None:
    """The cookie that a header sets (section 5.2); None if it sets none."""
    pair, *rest = line.split(";")
    name, separator, value = pair.partition("=")
    name, value = name.strip(), value.strip()
    if not separator or not name or _UNFIT.search(name + value):
        return None
    pairs = (part.partition("=") for part in rest)
    return SetCookie(name, value, {word.strip().lower(): text.strip() for word, _, text in pairs})


def cookies_of_header(header: str) -> tuple[Cookie, ...]:
    """The cookies that a call's own Cookie header carries, everywhere at the origin."""
    pairs = (pair.partition("=") for pair in header.split("; ") if pair)
    return tuple(Cookie(name, value) for name, _, value in pairs)


def cookie_header(cookies: tuple[Cookie, ...], url: str) -> str | None:
    """The Cookie header of a request for the URL, longer paths first (section 5.4); None without a cookie."""
    path = urlsplit(url).path or "/"
    sent = sorted((item for item in cookies if item.goes_to(path)), key=lambda item: -len(item.path))
    return "; ".join(f"{item.name}={item.value}" for item in sent) or None


def cookies_after(
    cookies: tuple[Cookie, ...], set_cookies: list[str], url: str, now: float
) -> tuple[Cookie, ...]:
    """The cookies after an answer from the URL set some. `now` is in epoch seconds.

    Cookies for another domain, and secure ones over http, are ignored. Of one name and path the last one counts, and
    an expired one deletes it.
    """
    kept = {(item.name, item.path): item for item in cookies}
    for made in _accepted(set_cookies, url):
        cookie = Cookie(made.name, made.value, _path_of(made, url))
        kept.pop((cookie.name, cookie.path), None)
        if not _is_expired(made, now) and len(kept) < MAX_COOKIES:
            kept[cookie.name, cookie.path] = cookie
    return tuple(kept.values())


def _accepted(set_cookies: list[str], url: str) -> Iterator[SetCookie]:
    parts = urlsplit(url)
    for line in set_cookies[:MAX_COOKIES]:
        made = read_set_cookie(line) if len(line) <= MAX_COOKIE_CHARACTERS else None
        if made is None or ("secure" in made.attributes and parts.scheme != "https"):
            continue
        domain = made.attributes.get("domain", "").removeprefix(".").lower()
        if not domain or _is_within((parts.hostname or "").lower(), domain):
            yield made


def _is_within(host: str, domain: str) -> bool:
    """Section 5.1.3. The cookie goes to this host alone, so the domain only has to name it."""
    is_name = not re.fullmatch(r"[0-9.]+|.*:.*", host)
    return host == domain or (is_name and host.endswith(f".{domain}"))


def _path_of(made: SetCookie, url: str) -> str:
    """The declared path, else the folder of the URL (sections 5.1.4 and 5.2.4)."""
    declared = made.attributes.get("path", "")
    if declared.startswith("/"):
        return declared
    folder = urlsplit(url).path.rpartition("/")[0]
    return folder if folder.startswith("/") else "/"


def _is_expired(made: SetCookie, now: float) -> bool:
    """Max-Age has precedence over Expires (section 5.3)."""
    seconds = made.attributes.get("max-age", "")
    if re.fullmatch(r"-?[0-9]+", seconds):
        return seconds.startswith("-") or not seconds.strip("0")
    try:
        moment = parsedate_to_datetime(made.attributes.get("expires", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() <= now
