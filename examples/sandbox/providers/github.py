"""GitHub's REST API: a user, a repository, its issues and pull requests.

Shapes and errors as in https://docs.github.com/en/rest (version 2022-11-28).
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

TOKEN = "sandbox-github-token"  # known to everyone, opens nothing
API_VERSION = "2022-11-28"
DOCS = "https://docs.github.com/rest"
OWNER, REPO = "octocat", "hello-world"
PAGE = f"https://github.com/{OWNER}/{REPO}"


def _user(login: str) -> dict[str, Any]:
    return {
        "login": login,
        "id": sum(login.encode()),
        "type": "User",
        "avatar_url": f"https://avatars.githubusercontent.com/{login}",
        "html_url": f"https://github.com/{login}",
    }


def _label(name: str, color: str) -> dict[str, Any]:
    return {"name": name, "color": color, "default": True, "description": None}


def _body(title: str) -> str:
    return f"What happened with “{title}”:\n\n1. Open the desk.\n2. **Nothing moves**, see `cards.css`.\n"


def _issue(
    number: int, title: str, state: str, login: str, labels: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    return {
        "id": 1000 + number,
        "number": number,
        "title": title,
        "state": state,
        "state_reason": "completed" if state == "closed" else None,
        "locked": False,
        "user": _user(login),
        "labels": labels,
        "assignees": [],
        "milestone": None,
        "comments": number % 5,
        "created_at": "2026-01-01T09:00:00Z",
        "updated_at": "2026-01-02T10:30:00Z",
        "closed_at": "2026-01-02T10:30:00Z" if state == "closed" else None,
        "html_url": f"{PAGE}/{'pull' if 'pull_request' in more else 'issues'}/{number}",
        "body": _body(title),
        **more,
    }


BUG = _label("bug", "d73a4a")
QUESTION = _label("question", "d876e3")
ISSUES = {
    issue["number"]: issue
    for issue in (
        _issue(
            44, "Drag a card between columns", "open", "hubot", [], pull_request={"url": f"{PAGE}/pull/44"}
        ),
        _issue(43, "Cards overlap on narrow screens", "open", "monalisa", [BUG]),
        _issue(42, "The weather card shows yesterday", "open", "octocat", [BUG, QUESTION]),
        _issue(41, "Say which time zone is meant", "closed", "hubot", [QUESTION]),
    )
}
PULLS = {
    44: {
        **ISSUES[44],
        "draft": False,
        "merged": False,
        "mergeable": True,
        "commits": 3,
        "additions": 120,
        "deletions": 17,
        "changed_files": 5,
        "head": {"ref": "drag-cards", "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e"},
        "base": {"ref": "main", "sha": "c3d0be41ecbe669545ee3e94d31ed9a4bc91ee3c"},
    }
}
REPOSITORY = {
    "id": 1296269,
    "name": REPO,
    "full_name": f"{OWNER}/{REPO}",
    "private": False,
    "owner": _user(OWNER),
    "html_url": PAGE,
    "description": "Cards for a desk",
    "fork": False,
    "language": "Python",
    "stargazers_count": 80,
    "forks_count": 9,
    "open_issues_count": 3,
    "default_branch": "main",
    "license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT"},
    "topics": ["cards", "desk"],
    "pushed_at": "2026-01-02T11:00:00Z",
    "created_at": "2025-01-26T19:01:12Z",
}


def check_caller(request: Request) -> Reply | None:
    if not request.headers.get("User-Agent"):
        return json_reply(
            {"message": "Request forbidden by administrative rules.", "documentation_url": DOCS}, 403
        )
    version = request.headers.get("X-GitHub-Api-Version", API_VERSION)
    if version != API_VERSION:
        return json_reply({"message": f"Unsupported API version {version}", "documentation_url": DOCS}, 400)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "token"} and token == TOKEN:
        return None
    message = "Bad credentials" if token else "Requires authentication"
    return json_reply({"message": message, "documentation_url": DOCS, "status": "401"}, 401)


def not_found(_request: Request) -> Reply:
    return json_reply({"message": "Not Found", "documentation_url": DOCS, "status": "404"}, 404)


provider = Provider(
    "github",
    config={"access_token": TOKEN},
    guard=check_caller,
    unknown=not_found,
    samples=(
        Sample(
            "issue",
            {"url": f"{PAGE}/issues/42"},
            {
                "number": 42,
                "title": "The weather card shows yesterday",
                "state": "open",
                "author": "octocat",
                "labels": [{"name": "bug", "color": "d73a4a"}, {"name": "question", "color": "d876e3"}],
                "comments": 2,
                "updated_at": "2026-01-02T10:30:00Z",
                "body": _body("The weather card shows yesterday"),
                "link": f"{PAGE}/issues/42",
            },
        ),
        Sample(
            "pull-request",
            {"url": f"{PAGE}/pull/44"},
            {
                "number": 44,
                "title": "Drag a card between columns",
                "state": "open",
                "author": "hubot",
                "from": "drag-cards",
                "into": "main",
                "additions": 120,
                "deletions": 17,
                "changed_files": 5,
                "updated_at": "2026-01-02T10:30:00Z",
                "body": _body("Drag a card between columns"),
                "link": f"{PAGE}/pull/44",
            },
        ),
        Sample(
            "repository",
            {"url": PAGE},
            {
                "name": "octocat/hello-world",
                "description": "Cards for a desk",
                "language": "Python",
                "stars": 80,
                "forks": 9,
                "open_issues": 3,
                "license": "MIT",
                "pushed_at": "2026-01-02T11:00:00Z",
                "link": PAGE,
            },
        ),
        Sample(
            "issues",
            {"url": PAGE, "state": "open"},
            [
                {
                    "number": 43,
                    "title": "Cards overlap on narrow screens",
                    "state": "open",
                    "author": "monalisa",
                    "labels": ["bug"],
                    "link": f"{PAGE}/issues/43",
                },
                {
                    "number": 42,
                    "title": "The weather card shows yesterday",
                    "state": "open",
                    "author": "octocat",
                    "labels": ["bug", "question"],
                    "link": f"{PAGE}/issues/42",
                },
            ],
        ),
    ),
)


@provider.route("/user")
def show_user(_request: Request) -> Reply:
    return _show(_user(OWNER))


@provider.route("/repos/{owner}/{repo}")
def show_repository(request: Request, owner: str, repo: str) -> Reply:
    return _show(REPOSITORY) if _is_known(owner, repo) else not_found(request)


@provider.route("/repos/{owner}/{repo}/issues")
def list_issues(request: Request, owner: str, repo: str) -> Reply:
    if not _is_known(owner, repo):
        return not_found(request)
    state = request.query.get("state", "open")
    if state not in {"open", "closed", "all"}:
        return json_reply({"message": "Validation Failed", "documentation_url": DOCS, "status": "422"}, 422)
    found = [issue for issue in ISSUES.values() if state in {"all", issue["state"]}]
    size = max(1, int(request.number("per_page", 30, 100)))
    page = max(1, int(request.number("page", 1, 1000)))
    shown = found[(page - 1) * size : page * size]
    if page * size >= len(found):
        return _show(shown)
    following = (
        f"{request.origin}/github/repos/{owner}/{repo}/issues?state={state}&per_page={size}&page={page + 1}"
    )
    return _show(shown, {"Link": f'<{following}>; rel="next"'})


@provider.route("/repos/{owner}/{repo}/issues/{number}")
def show_issue(request: Request, owner: str, repo: str, number: str) -> Reply:
    return _show_numbered(request, ISSUES, owner, repo, number)


@provider.route("/repos/{owner}/{repo}/pulls/{number}")
def show_pull_request(request: Request, owner: str, repo: str, number: str) -> Reply:
    return _show_numbered(request, PULLS, owner, repo, number)


def _is_known(owner: str, repo: str) -> bool:
    return (owner.lower(), repo.lower()) == (OWNER, REPO)


def _show_numbered(request: Request, known: dict[int, Any], owner: str, repo: str, number: str) -> Reply:
    if not _is_known(owner, repo) or not number.isdecimal() or int(number) not in known:
        return not_found(request)
    return _show(known[int(number)])


def _show(value: Any, headers: dict[str, str] | None = None) -> Reply:
    limits = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": "1767272400"}
    return json_reply(
        value, headers={"X-GitHub-Media-Type": "github.v3; format=json", **limits, **(headers or {})}
    )
