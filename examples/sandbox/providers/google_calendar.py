"""Google Calendar, and Google's OAuth 2.0 server before it: a person signs in, a code becomes a token.

Shapes as in https://developers.google.com/identity/protocols/oauth2/web-server and
https://developers.google.com/workspace/calendar/api/v3/reference/events/list.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import urlencode

from examples.sandbox.credentials import bearer_of, form_of
from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

CLIENT_ID = "000000.apps.googleusercontent.com"
CLIENT_SECRET = "GOCSPX-sandbox0google0secret"
TOKEN, REFRESH_TOKEN = "ya29.sandbox0google0token", "1//sandbox0google0refresh"
SCOPE = "https://www.googleapis.com/auth/calendar.readonly"
PAGE_TOKEN = "CigKGmsandbox"
CODE_PREFIX = "4/0sandbox-"


def _event(number: int, title: str, day: str, hour: str | None) -> dict[str, Any]:
    when = {"dateTime": f"{day}T{hour}:00+01:00", "timeZone": "Europe/Berlin"} if hour else {"date": day}
    return {
        "kind": "calendar#event",
        "id": f"event{number}",
        "status": "confirmed",
        "htmlLink": f"https://www.google.com/calendar/event?eid={number}",
        "summary": title,
        "start": when,
        "end": when,
        **({"location": "Hall 2"} if number == 1 else {}),
    }


EVENTS = [
    _event(1, "Choir", "2026-01-05", "19:00"),
    _event(2, "Anna's birthday", "2026-01-06", None),
    _event(3, "Dentist", "2026-01-08", "08:30"),
]


def check_token(request: Request) -> Reply | None:
    if bearer_of(request) == TOKEN:
        return None
    message = "Request had invalid authentication credentials. Expected OAuth 2 access token."
    return _refuse(401, message, "UNAUTHENTICATED")


def _refuse(status: int, message: str, reason: str) -> Reply:
    return json_reply({"error": {"code": status, "message": message, "status": reason}}, status)


def _drawn(event: dict[str, Any]) -> dict[str, Any]:
    when = event["start"].get("dateTime") or event["start"]["date"]
    return {
        "title": event["summary"],
        "starts": when,
        "ends": when,
        "place": event.get("location"),
        "link": event["htmlLink"],
    }


provider = Provider(
    "google-calendar",
    config={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    guard=check_token,
    samples=(
        Sample(
            "events",
            {"timeMin": "2026-01-05T00:00:00Z", "maxResults": 2},
            [_drawn(event) for event in EVENTS],
            upstream_calls=2,
        ),
    ),
)


@provider.route("/o/oauth2/v2/auth", gives_token=True)
def sign_in(request: Request) -> Reply:
    """The page where a user signs in; here it always grants access at once."""
    asked = request.query
    if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
        return text_reply("Error 401: invalid_client", 401)
    if asked.get("scope") != SCOPE or not asked.get("redirect_uri", "").startswith("http"):
        return text_reply("Error 400: invalid_request", 400)
    if asked.get("code_challenge_method", "S256") != "S256":
        return text_reply("Error 400: invalid_request", 400)
    # The code contains a digest of the request's parameters, so that the token request can be checked against them.
    code = CODE_PREFIX + _fingerprint(asked["redirect_uri"], asked.get("code_challenge", ""))
    back = {"code": code, "scope": SCOPE} | ({"state": asked["state"]} if "state" in asked else {})
    return Reply(302, headers=(("Location", f"{asked['redirect_uri']}?{urlencode(back)}"),))


@provider.route("/token", "POST", gives_token=True)
def give_token(request: Request) -> Reply:
    fields = form_of(request)
    if (fields.get("client_id"), fields.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
        return json_reply({"error": "invalid_client", "error_description": "Unauthorized"}, 401)
    given: dict[str, Any] = {
        "access_token": TOKEN,
        "expires_in": 3599,
        "scope": SCOPE,
        "token_type": "Bearer",
    }
    if fields.get("grant_type") == "refresh_token":
        good = fields.get("refresh_token") == REFRESH_TOKEN
        return json_reply(given) if good else _bad_grant("Bad Request")
    if fields.get("grant_type") != "authorization_code":
        return json_reply({"error": "unsupported_grant_type"}, 400)
    challenge = _challenge_of(fields["code_verifier"]) if "code_verifier" in fields else ""
    if fields.get("code") != CODE_PREFIX + _fingerprint(fields.get("redirect_uri", ""), challenge):
        return _bad_grant("Malformed auth code.")
    return json_reply(given | {"refresh_token": REFRESH_TOKEN})


@provider.route("/calendar/v3/users/me/calendarList")
def list_calendars(_request: Request) -> Reply:
    item = {
        "kind": "calendar#calendarListEntry",
        "id": "anna@example.org",
        "summary": "Anna",
        "primary": True,
    }
    return json_reply({"kind": "calendar#calendarList", "items": [item]})


@provider.route("/calendar/v3/calendars/{calendar}/events")
def list_events(request: Request, calendar: str) -> Reply:
    if calendar != "primary":
        return _refuse(404, "Not Found", "NOT_FOUND")
    if (request.query.get("orderBy"), request.query.get("singleEvents")) != ("startTime", "true"):
        return _refuse(400, "The requested ordering is not available.", "INVALID_ARGUMENT")
    cursor = request.query.get("pageToken")
    if cursor not in {None, PAGE_TOKEN}:
        return _refuse(400, "Invalid page token value.", "INVALID_ARGUMENT")
    start, size = (2 if cursor else 0), int(request.number("maxResults", 250, 2500))
    more = start + size < len(EVENTS)
    listed = {"kind": "calendar#events", "summary": "Anna", "items": EVENTS[start : start + size]}
    return json_reply(listed | ({"nextPageToken": PAGE_TOKEN} if more else {}))


def _bad_grant(description: str) -> Reply:
    return json_reply({"error": "invalid_grant", "error_description": description}, 400)


def _challenge_of(verifier: str) -> str:
    """The S256 challenge of RFC 7636 section 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _fingerprint(redirect_uri: str, challenge: str) -> str:
    return hashlib.sha256(f"{redirect_uri} {challenge}".encode()).hexdigest()[:32]
