"""Notion's API: a POST that asks for a database's pages, with the cursor in body and answer.

Shapes as in https://developers.notion.com/reference/post-database-query and /reference/errors.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import bearer_of, json_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

TOKEN = "ntn_sandbox0notion0token"
VERSIONS = {"2021-08-16", "2022-02-22", "2022-06-28"}
DATABASE = "668d797c76fa49349b05ad288df2d136"
CURSOR = "33e19cb9-751f-4993-b74d-234d67d0d534"


def _page(number: int, title: str, status: str) -> dict[str, Any]:
    words = [{"type": "text", "plain_text": part} for part in title.partition(" ") if part]
    return {
        "object": "page",
        "id": f"be633bf1-dfa0-436d-b259-57159070000{number}",
        "last_edited_time": f"2026-01-0{9 - number}T08:00:00.000Z",
        "url": f"https://www.notion.so/be633bf1dfa0436db25957159070000{number}",
        "properties": {
            "State": {"id": "a%3Fb", "type": "status", "status": {"name": status, "color": "green"}},
            "Due": {"id": "c%3Dd", "type": "date", "date": None},
            "Name": {"id": "title", "type": "title", "title": words},
        },
    }


PAGES = [_page(1, "Paint the fence", "Done"), _page(2, "Write home", "Doing"), _page(3, "Rest", "Later")]


def check_caller(request: Request) -> Reply | None:
    if bearer_of(request) != TOKEN:
        return _refuse(401, "unauthorized", "API token is invalid.")
    if request.headers.get("Notion-Version") not in VERSIONS:
        return _refuse(400, "missing_version", "Notion-Version header should be defined.")
    return None


def _refuse(status: int, code: str, message: str) -> Reply:
    return json_reply({"object": "error", "status": status, "code": code, "message": message}, status)


provider = Provider(
    "notion",
    config={"access_token": TOKEN},
    guard=check_caller,
    unknown=lambda _: _refuse(400, "invalid_request_url", "Invalid request URL."),
    samples=(
        Sample(
            "pages",
            {"url": f"https://www.notion.so/anna/Plans-{DATABASE}?v=1", "page_size": 2},
            [
                {
                    "title": title,
                    "status": status,
                    "edited_at": page["last_edited_time"],
                    "link": page["url"],
                }
                for page, title, status in zip(
                    PAGES, ("Paint the fence", "Write home", "Rest"), ("Done", "Doing", "Later"), strict=True
                )
            ],
            upstream_calls=2,
        ),
    ),
)


@provider.route("/v1/users/me")
def show_bot(_request: Request) -> Reply:
    return json_reply({"object": "user", "id": "16d84278-ab0e-484c-9bdd-b35da3bd8905", "type": "bot"})


@provider.route("/v1/databases/{database}/query", "POST")
def query_database(request: Request, database: str) -> Reply:
    if database.replace("-", "") != DATABASE:
        return _refuse(404, "object_not_found", f"Could not find database with ID: {database}.")
    asked = json_of(request)
    if not isinstance(asked, dict):
        return _refuse(400, "invalid_json", "Error parsing JSON body.")
    size = asked.get("page_size", 100)
    if type(size) is not int or not 1 <= size <= 100:
        return _refuse(400, "validation_error", "body.page_size should be ≤ `100`.")
    if asked.get("start_cursor", CURSOR) != CURSOR:
        return _refuse(400, "validation_error", "The start_cursor provided is invalid.")
    start = 2 if "start_cursor" in asked else 0
    more = start + size < len(PAGES)
    shown = PAGES[start : start + size]
    return json_reply(
        {"object": "list", "results": shown, "has_more": more, "next_cursor": CURSOR if more else None}
    )
