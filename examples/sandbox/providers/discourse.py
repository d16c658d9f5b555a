"""A Discourse forum: a key and the user as whom it reads, in two headers; pages counted from zero.

Shapes as in https://docs.discourse.org/.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

API_KEY, USERNAME = "sandbox0discourse0key", "system"


def _topic(number: int, title: str, *, pinned: bool = False) -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "slug": title.lower().replace(" ", "-"),
        "posts_count": number,
        "views": number * 10,
        "pinned": pinned,
        "created_at": "2026-01-01T08:00:00.000Z",
        "last_posted_at": f"2026-01-0{number}T08:00:00.000Z",
    }


PAGES = (
    [_topic(9, "Welcome", pinned=True), _topic(3, "Which pencil")],
    [_topic(2, "My desk"), _topic(1, "Hello")],
)


def check_key(request: Request) -> Reply | None:
    said = request.headers.get("Api-Key"), request.headers.get("Api-Username")
    if said == (API_KEY, USERNAME):
        return None
    errors = ["You are not permitted to view the requested resource. The API username or key is invalid."]
    return json_reply({"errors": errors, "error_type": "invalid_access"}, 403)


provider = Provider(
    "discourse",
    config={"server": "{sandbox}/discourse", "api_key": API_KEY, "username": USERNAME},
    guard=check_key,
    samples=(
        Sample(
            "latest",
            {},
            [
                {
                    "title": title,
                    "posts": number,
                    "views": number * 10,
                    "at": f"2026-01-0{number}T08:00:00.000Z",
                    "link": f"{{sandbox}}/discourse/t/{number}",
                }
                for number, title in ((3, "Which pencil"), (2, "My desk"), (1, "Hello"))
            ],
            upstream_calls=2,
        ),
    ),
)


@provider.route("/categories.json")
def list_categories(_request: Request) -> Reply:
    return json_reply({"category_list": {"can_create_category": False, "categories": []}})


@provider.route("/latest.json")
def list_latest(request: Request) -> Reply:
    page = int(request.number("page", 0, 1000))
    topics = PAGES[page] if page < len(PAGES) else []
    listed: dict[str, Any] = {"can_create_topic": False, "per_page": 30, "topics": topics}
    if page + 1 < len(PAGES):
        listed["more_topics_url"] = f"/latest?no_definitions=true&page={page + 1}"
    return json_reply({"users": [], "topic_list": listed})
