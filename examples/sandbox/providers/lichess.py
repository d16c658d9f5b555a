"""Lichess: games one to a line (NDJSON), with a token or without.

Shapes as in https://lichess.org/api#tag/Games/operation/apiGamesUser.
"""

from __future__ import annotations

import json
from typing import Any

from examples.sandbox.credentials import bearer_of
from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

TOKEN = "lip_sandbox0lichess0token"
PLAYER = "thibault"


def _game(key: str, white: str, black: str, winner: str | None, opening: str) -> dict[str, Any]:
    return {
        "id": key,
        "rated": True,
        "variant": "standard",
        "speed": "blitz",
        "createdAt": 1767225600000,
        "status": "mate" if winner else "draw",
        "players": {
            "white": {"user": {"name": white, "id": white.lower()}, "rating": 1800},
            "black": {"user": {"name": black, "id": black.lower()}, "rating": 1790},
        },
        **({"winner": winner} if winner else {}),
        "opening": {"eco": "C50", "name": opening, "ply": 5},
    }


GAMES = [
    _game("q7ZvsdUF", "thibault", "Anna", "black", "Italian Game"),
    _game("aB3dE6gH", "Ben", "thibault", None, "French Defense"),
]


def check_token(request: Request) -> Reply | None:
    """Nobody needs a token, but a wrong one is refused."""
    if bearer_of(request) in {None, TOKEN}:
        return None
    return json_reply({"error": "No such token"}, 401)


provider = Provider(
    "lichess",
    config={"player": PLAYER, "access_token": TOKEN},
    guard=check_token,
    samples=(
        Sample(
            "games",
            {"max": 5},
            [
                {
                    "white": "thibault",
                    "black": "Anna",
                    "winner": "black",
                    "speed": "blitz",
                    "opening": "Italian Game",
                    "link": "https://lichess.org/q7ZvsdUF",
                },
                {
                    "white": "Ben",
                    "black": "thibault",
                    "winner": "draw",
                    "speed": "blitz",
                    "opening": "French Defense",
                    "link": "https://lichess.org/aB3dE6gH",
                },
            ],
        ),
    ),
)


@provider.route("/api/user/{player}")
def show_player(_request: Request, player: str) -> Reply:
    if player != PLAYER:
        return json_reply({"error": "Not found"}, 404)
    return json_reply({"id": player, "username": player, "count": {"all": 2}})


@provider.route("/api/games/user/{player}")
def list_games(request: Request, player: str) -> Reply:
    if player != PLAYER:
        return json_reply({"error": "Not found"}, 404)
    if not request.headers.get("Accept", "").startswith("application/x-ndjson"):
        return text_reply(
            '[Event "Rated blitz game"]\n\n1. e4 e5 *\n', content_type="application/x-chess-pgn"
        )
    shown = GAMES[: int(request.number("max", len(GAMES), len(GAMES)))]
    return text_reply("".join(f"{json.dumps(game)}\n" for game in shown), content_type="application/x-ndjson")
