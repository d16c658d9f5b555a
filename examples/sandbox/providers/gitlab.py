"""GitLab's REST API: a key in PRIVATE-TOKEN, the next page's number in a header.

Shapes as in https://docs.gitlab.com/api/merge_requests/ and /api/rest/#pagination.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import bearer_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

TOKEN = "glpat-sandbox0gitlab0token"
PROJECT = "band/songbook"


def _merge_request(number: int, title: str, author: str, *, draft: bool = False) -> dict[str, Any]:
    return {
        "id": 9000 + number,
        "iid": number,
        "project_id": 77,
        "title": title,
        "state": "opened",
        "draft": draft,
        "author": {"id": 5, "username": author, "state": "active"},
        "source_branch": f"change-{number}",
        "target_branch": "main",
        "web_url": f"https://gitlab.com/{PROJECT}/-/merge_requests/{number}",
        "updated_at": "2026-01-02T08:00:00.000Z",
    }


MERGE_REQUESTS = [
    _merge_request(12, "Add the second verse", "ben"),
    _merge_request(11, "Draft: Transpose to G", "anna", draft=True),
    _merge_request(8, "Correct the chords", "ben"),
]


def check_token(request: Request) -> Reply | None:
    if TOKEN in {request.headers.get("PRIVATE-TOKEN"), bearer_of(request)}:
        return None
    return json_reply({"message": "401 Unauthorized"}, 401)


provider = Provider(
    "gitlab",
    config={"server": "{sandbox}/gitlab", "access_token": TOKEN},
    guard=check_token,
    unknown=lambda _: json_reply({"error": "404 Not Found"}, 404),
    samples=(
        Sample(
            "merge-requests",
            {"project": PROJECT, "per_page": 2},
            [
                {
                    "number": item["iid"],
                    "title": item["title"],
                    "author": item["author"]["username"],
                    "draft": item["draft"],
                    "link": item["web_url"],
                }
                for item in MERGE_REQUESTS
            ],
            upstream_calls=2,
        ),
    ),
)


@provider.route("/api/v4/user")
def show_user(_request: Request) -> Reply:
    return json_reply({"id": 5, "username": "anna", "state": "active"})


# The project's whole path is one segment, its slash encoded; here it arrives decoded.
@provider.route("/api/v4/projects/{group}/{name}/merge_requests")
def list_merge_requests(request: Request, group: str, name: str) -> Reply:
    if f"{group}/{name}" != PROJECT or f"/{group}%2F{name}/" not in request.target:
        return json_reply({"message": "404 Project Not Found"}, 404)
    size, page = int(request.number("per_page", 20, 100)), int(request.number("page", 1, 1000))
    more = page * size < len(MERGE_REQUESTS)
    headers = {
        "X-Next-Page": str(page + 1) if more else "",
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Total": str(len(MERGE_REQUESTS)),
    }
    return json_reply(MERGE_REQUESTS[(page - 1) * size : page * size], headers=headers)
