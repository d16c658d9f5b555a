"""Binance's spot account: a key in a header, and a signature over the query that ends with it.

Shapes as in https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security and
/rest-api/account-endpoints.
"""

from __future__ import annotations

import hashlib
import hmac
import time

from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

API_KEY, SECRET_KEY = "sandbox0binance0key", "sandbox0binance0secret"
DEFAULT_WINDOW_MS, LONGEST_WINDOW_MS, AHEAD_MS = 5000, 60_000, 1000
BALANCES = (("BTC", "0.01250000", "0.00000000"), ("EUR", "120.50000000", "10.00000000"))


def check_signature(request: Request) -> Reply | None:
    if request.headers.get("X-MBX-APIKEY") != API_KEY:
        return _refuse(401, -2015, "Invalid API-key, IP, or permissions for action.")
    signed, separator, signature = request.target.partition("?")[2].rpartition("&signature=")
    expected = hmac.new(SECRET_KEY.encode(), signed.encode(), hashlib.sha256).hexdigest()
    if not separator or not hmac.compare_digest(signature, expected):
        return _refuse(400, -1022, "Signature for this request is not valid.")
    stamp, window = request.query.get("timestamp", ""), request.number("recvWindow", DEFAULT_WINDOW_MS, 10**9)
    if not stamp.isdecimal() or window > LONGEST_WINDOW_MS:
        return _refuse(
            400, -1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed."
        )
    if not -AHEAD_MS <= time.time() * 1000 - int(stamp) <= window:
        return _refuse(400, -1021, "Timestamp for this request is outside of the recvWindow.")
    return None


def _refuse(status: int, code: int, message: str) -> Reply:
    return json_reply({"code": code, "msg": message}, status)


provider = Provider(
    "binance",
    config={"api_key": API_KEY, "secret_key": SECRET_KEY},
    guard=check_signature,
    samples=(
        Sample(
            "balances",
            {},
            [
                {"asset": asset, "free": float(free), "locked": float(locked)}
                for asset, free, locked in BALANCES
            ],
        ),
    ),
)


@provider.route("/api/v3/account")
def show_account(request: Request) -> Reply:
    held = [{"asset": asset, "free": free, "locked": locked} for asset, free, locked in BALANCES]
    empty = [{"asset": "BNB", "free": "0.00000000", "locked": "0.00000000"}]
    return json_reply(
        {
            "makerCommission": 10,
            "canTrade": False,
            "canWithdraw": False,
            "accountType": "SPOT",
            "balances": held if request.query.get("omitZeroBalances") == "true" else held + empty,
            "permissions": ["SPOT"],
        }
    )
