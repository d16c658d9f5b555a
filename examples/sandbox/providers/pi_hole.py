"""Pi-hole, version 6: a password becomes a session, whose id travels in a header.

Shapes as in https://docs.pi-hole.net/api/auth/ and the documentation that each Pi-hole serves at /api/docs.
"""

from __future__ import annotations

from examples.sandbox.credentials import json_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

PASSWORD = "sandbox pi-hole password"
SESSION = "vFA+EP4MQ5JJvJg+3Q2Jnw="
VALIDITY_SECONDS = 1800
TOP = (("telemetry.example", 412), ("ads.example", 220), ("pixel.example", 97))


def check_session(request: Request) -> Reply | None:
    if SESSION in {request.headers.get("X-FTL-SID"), request.headers.get("sid"), request.query.get("sid")}:
        return None
    error = {"key": "unauthorized", "message": "Unauthorized", "hint": None}
    return json_reply({"error": error, "took": 0.00003}, 401)


provider = Provider(
    "pi-hole",
    config={"server": "{sandbox}/pi-hole", "password": PASSWORD},
    guard=check_session,
    samples=(
        Sample(
            "summary",
            {},
            {
                "blocked_percent": 34.5,
                "queries": 7497,
                "blocked": 2586,
                "clients": 10,
                "domains_on_lists": 104756,
            },
        ),
        Sample("top-blocked", {"count": 2}, [{"domain": name, "times": times} for name, times in TOP[:2]]),
        Sample("blocking", {}, {"protection": "enabled", "seconds_left": None}),
        Sample("pause", {"seconds": 60}, {"protection": "disabled", "seconds_left": 60}),
        Sample("resume", {}, {"protection": "enabled"}),
    ),
)


@provider.route("/api/auth", "POST", gives_token=True)
def log_in(request: Request) -> Reply:
    asked = json_of(request)
    good = isinstance(asked, dict) and asked.get("password") == PASSWORD
    session = {
        "valid": good,
        "totp": False,
        "sid": SESSION if good else None,
        "validity": VALIDITY_SECONDS if good else -1,
        "message": "password correct" if good else "password incorrect",
    }
    return json_reply({"session": session, "took": 0.03}, 200 if good else 401)


@provider.route("/api/stats/summary")
def show_summary(_request: Request) -> Reply:
    return json_reply(
        {
            "queries": {"total": 7497, "blocked": 2586, "percent_blocked": 34.5, "unique_domains": 445},
            "clients": {"active": 10, "total": 22},
            "gravity": {"domains_being_blocked": 104756, "last_update": 1767225600},
            "took": 0.003,
        }
    )


@provider.route("/api/stats/top_domains")
def list_top_domains(request: Request) -> Reply:
    count = int(request.number("count", 10, 1000))
    shown = [{"domain": name, "count": times} for name, times in TOP[:count]]
    blocked = request.query.get("blocked") == "true"
    return json_reply({"domains": shown if blocked else [], "total_queries": 7497, "took": 0.001})


@provider.route("/api/dns/blocking")
def show_blocking(_request: Request) -> Reply:
    return json_reply({"blocking": "enabled", "timer": None, "took": 0.0001})


@provider.route("/api/dns/blocking", "POST")
def set_blocking(request: Request) -> Reply:
    """Says what was asked for; what is shown elsewhere stays as it is."""
    asked = json_of(request)
    if not isinstance(asked, dict) or not isinstance(asked.get("blocking"), bool):
        error = {"key": "bad_request", "message": 'No "blocking" boolean in body data', "hint": None}
        return json_reply({"error": error, "took": 0.0001}, 400)
    state = "enabled" if asked["blocking"] else "disabled"
    return json_reply({"blocking": state, "timer": asked.get("timer"), "took": 0.0001})
