"""Addresses that are up, and one that is not."""

from __future__ import annotations

from examples.sandbox.exchange import Reply, Request, text_reply
from examples.sandbox.provider import ANY_NUMBER, Provider, Sample

ADDRESS = "{sandbox}/link-status/home"

provider = Provider(
    "link-status",
    samples=(
        Sample(
            "status",
            {"url": ADDRESS},
            {"url": ADDRESS, "up": True, "status": 200, "milliseconds": ANY_NUMBER, "reason": None},
        ),
    ),
)


@provider.route("/home")
def show_home(_request: Request) -> Reply:
    return text_reply("Welcome.\n")


@provider.route("/media")
def show_media(_request: Request) -> Reply:
    return text_reply("Films and music.\n")


@provider.route("/wiki")
def show_wiki(_request: Request) -> Reply:
    return text_reply("Down for maintenance.\n", 503)
