"""Advent of Code's private leaderboards: a cookie, and a redirect where it is not good.

The shape is that of the [JSON] link on https://adventofcode.com/leaderboard/private.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import cookies_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

SESSION = "53616c7465645f5f5361sandbox"
LEADERBOARD = "123456"


def _member(number: int, name: str | None, score: int, stars: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "local_score": score,
        "stars": stars,
        "last_star_ts": 1764572400 if stars else 0,
        "completion_day_level": {"1": {"1": {"get_star_ts": 1764572400, "star_index": 0}}} if stars else {},
    }


MEMBERS = {
    "123456": _member(123456, "Anna", 41, 22),
    "234567": _member(234567, None, 58, 24),
    "345678": _member(345678, "Ben", 0, 0),
}

provider = Provider(
    "advent-of-code",
    config={"session": SESSION, "leaderboard": LEADERBOARD},
    samples=(
        Sample(
            "standings",
            {"year": 2025},
            [
                {"name": "anonymous", "score": 58, "stars": 24},
                {"name": "Anna", "score": 41, "stars": 22},
                {"name": "Ben", "score": 0, "stars": 0},
            ],
        ),
    ),
)


@provider.route("/{year}/leaderboard/private/view/{file}")
def show_leaderboard(request: Request, year: str, file: str) -> Reply:
    if cookies_of(request).get("session") != SESSION:
        return _redirect(f"/{year}/leaderboard")
    if file != f"{LEADERBOARD}.json":
        return _redirect(f"/{year}/leaderboard/private")
    board = {"event": year, "owner_id": 123456, "day1_ts": 1764565200, "members": MEMBERS}
    return json_reply(board)


def _redirect(path: str) -> Reply:
    return Reply(302, headers=(("Location", f"/advent-of-code{path}"),))
