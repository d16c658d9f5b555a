"""Stripe's API: the key as user name with an empty password; the last item's id is the cursor.

Shapes as in https://docs.stripe.com/api/pagination and /api/errors.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import basic_of, bearer_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

SECRET_KEY = "rk_test_sandbox0stripe0key"


def _charge(number: int, amount: int, refused: str | None = None) -> dict[str, Any]:
    return {
        "id": f"ch_sandbox{number}",
        "object": "charge",
        "amount": amount,
        "currency": "eur",
        "status": "failed" if refused else "succeeded",
        "failure_message": refused,
        "created": 1767225600 + number,
    }


CHARGES = [_charge(3, 1200), _charge(2, 4900, "Your card was declined."), _charge(1, 350)]


def check_key(request: Request) -> Reply | None:
    if basic_of(request) == (SECRET_KEY, "") or bearer_of(request) == SECRET_KEY:
        return None
    return _refuse(401, "Invalid API Key provided: rk_test_****")


def _refuse(status: int, message: str) -> Reply:
    return json_reply({"error": {"message": message, "type": "invalid_request_error"}}, status)


provider = Provider(
    "stripe",
    config={"secret_key": SECRET_KEY},
    guard=check_key,
    unknown=lambda request: _refuse(404, f"Unrecognized request URL ({request.method}: {request.path})."),
    samples=(
        Sample(
            "charges",
            {"limit": 2},
            [
                {
                    "id": charge["id"],
                    "amount": charge["amount"] / 100,
                    "currency": "EUR",
                    "status": charge["status"],
                    "refused": charge["failure_message"],
                    "at": charge["created"],
                }
                for charge in CHARGES
            ],
            upstream_calls=2,
        ),
    ),
)


@provider.route("/v1/balance")
def show_balance(_request: Request) -> Reply:
    return json_reply({"object": "balance", "available": [{"amount": 1550, "currency": "eur"}]})


@provider.route("/v1/charges")
def list_charges(request: Request) -> Reply:
    ids = [charge["id"] for charge in CHARGES]
    after = request.query.get("starting_after")
    if after is not None and after not in ids:
        return _refuse(400, f"No such charge: '{after}'")
    start = ids.index(after) + 1 if after else 0
    size = int(request.number("limit", 10, 100))
    more = start + size < len(CHARGES)
    listed = {"object": "list", "url": "/v1/charges", "has_more": more, "data": CHARGES[start : start + size]}
    return json_reply(listed)
