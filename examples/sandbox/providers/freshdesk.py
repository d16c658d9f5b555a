"""Freshdesk's API, version 2: the key as user name with a password that says nothing.

Shapes as in https://developers.freshdesk.com/api/.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import basic_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

API_KEY = "sandbox0freshdesk0key"
OPEN, URGENT, MEDIUM = 2, 4, 2


def _ticket(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "subject": f"Printer {number} is offline",
        "status": OPEN,
        "priority": URGENT if number % 20 == 0 else MEDIUM,
        "source": 2,
        "requester_id": 6000 + number,
        "due_by": "2026-01-05T17:00:00Z",
        "created_at": "2026-01-02T08:00:00Z",
        "updated_at": "2026-01-02T09:00:00Z",
    }


TICKETS = [_ticket(number) for number in range(1, 43)]


def check_key(request: Request) -> Reply | None:
    if (basic_of(request) or ("", ""))[0] == API_KEY:
        return None
    return json_reply({"code": "invalid_credentials", "message": "You have to be logged in."}, 401)


provider = Provider(
    "freshdesk",
    config={"domain": "acme", "api_key": API_KEY},
    guard=check_key,
    samples=(
        Sample(
            "tickets",
            {},
            {
                "open": 42,
                "urgent": [
                    {
                        "number": number,
                        "subject": f"Printer {number} is offline",
                        "due_at": "2026-01-05T17:00:00Z",
                    }
                    for number in (20, 40)
                ],
            },
            upstream_calls=2,
        ),
    ),
)


@provider.route("/api/v2/agents/me")
def show_me(_request: Request) -> Reply:
    return json_reply({"id": 1, "available": True, "contact": {"name": "Anna", "email": "anna@example.org"}})


@provider.route("/api/v2/tickets")
def list_tickets(request: Request) -> Reply:
    size, page = (
        int(request.number(name, default, 1000)) for name, default in (("per_page", 30), ("page", 1))
    )
    if not (1 <= size <= 100 and page >= 1):
        error = {"field": "per_page", "message": "It should be a Positive Integer less than or equal to 100"}
        return json_reply({"description": "Validation failed", "errors": [error]}, 400)
    shown = TICKETS[(page - 1) * size : page * size]
    more = page * size < len(TICKETS)
    following = f"{request.origin}/freshdesk/api/v2/tickets?per_page={size}&page={page + 1}"
    return json_reply(shown, headers={"Link": f'<{following}>; rel="next"'} if more else None)
