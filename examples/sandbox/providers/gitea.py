"""A Gitea of one's own: a token or a user with a password, and pages by the Link header.

Shapes as in https://docs.gitea.com/api/.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import basic_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

TOKEN = "0sandbox0gitea0token0"
USER, PASSWORD = "anna", "sandbox gitea: password"
OWNER, REPO = "anna", "garden"
ISSUES = [
    {
        "id": 500 + number,
        "number": number,
        "title": title,
        "state": "open",
        "user": {"id": 1, "login": "anna"},
        "labels": [{"id": 1, "name": "spring", "color": "70c24a"}] if number == 3 else [],
        "html_url": f"https://git.example.com/{OWNER}/{REPO}/issues/{number}",
        "created_at": "2026-01-02T08:00:00Z",
    }
    for number, title in ((3, "Sow the peas"), (2, "Mend the gate"), (1, "Sharpen the spade"))
]


def check_caller(request: Request) -> Reply | None:
    if request.headers.get("Authorization") == f"token {TOKEN}" or basic_of(request) == (USER, PASSWORD):
        return None
    return _refuse(401, "token is required")


def _refuse(status: int, message: str) -> Reply:
    return json_reply({"message": message, "url": "https://git.example.com/api/swagger"}, status)


def not_found(_request: Request) -> Reply:
    return _refuse(404, "The target couldn't be found.")


def _drawn(issue: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": issue["number"],
        "title": issue["title"],
        "author": "anna",
        "labels": [label["name"] for label in issue["labels"]],
        "link": issue["html_url"],
    }


provider = Provider(
    "gitea",
    config={"server": "{sandbox}/gitea", "access_token": TOKEN},
    guard=check_caller,
    unknown=not_found,
    samples=(
        Sample(
            "issues",
            {"owner": OWNER, "repo": REPO, "limit": 2},
            [_drawn(issue) for issue in ISSUES],
            upstream_calls=2,
        ),
    ),
)


@provider.route("/api/v1/user")
def show_user(_request: Request) -> Reply:
    return json_reply({"id": 1, "login": USER, "full_name": "Anna"})


@provider.route("/api/v1/repos/{owner}/{repo}/issues")
def list_issues(request: Request, owner: str, repo: str) -> Reply:
    if (owner, repo) != (OWNER, REPO):
        return not_found(request)
    size, page = int(request.number("limit", 50, 50)), int(request.number("page", 1, 1000))
    found = ISSUES if request.query.get("state", "open") in {"open", "all"} else []
    shown = found[(page - 1) * size : page * size]
    headers = {"X-Total-Count": str(len(found))}
    if page * size < len(found):
        base = (
            f"{request.origin}/gitea/api/v1/repos/{owner}/{repo}/issues?limit={size}&state=open&type=issues"
        )
        headers["Link"] = f'<{base}&page={page + 1}>; rel="next",<{base}&page=2>; rel="last"'
    return json_reply(shown, headers=headers)
