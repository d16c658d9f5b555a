"""Alpha Vantage: prices as JSON or CSV, and refusals as 200 with a sentence.

Shapes as in https://www.alphavantage.co/documentation/.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

API_KEY = "sandbox-alpha-vantage-key"
LAST_DAY = date(2026, 1, 2)


def _rows() -> list[tuple[str, str, str, str, str, int]]:
    """Day, open, high, low, close and volume of the last forty trading days, the newest first."""
    days = [LAST_DAY - timedelta(days=back) for back in range(56)]
    trading = [day for day in days if day.weekday() < 5]
    closes = [220.95 - 0.31 * back + 5.2 * math.sin(back / 3.1) for back in range(len(trading) + 1)]
    return [
        (
            day.isoformat(),
            f"{closes[back + 1]:.4f}",
            f"{max(closes[back], closes[back + 1]) + 1.35:.4f}",
            f"{min(closes[back], closes[back + 1]) - 1.1:.4f}",
            f"{closes[back]:.4f}",
            2_400_000 + 730_000 * (back * 7 % 11) // 10,
        )
        for back, day in enumerate(trading)
    ]


ROWS = _rows()


def check_key(request: Request) -> Reply | None:
    if request.query.get("apikey") == API_KEY:
        return None
    message = "the parameter apikey is invalid or missing. Please claim your free API key."
    return json_reply({"Error Message": message})


provider = Provider(
    "alpha-vantage",
    config={"api_key": API_KEY},
    guard=check_key,
    samples=(
        Sample(
            "prices",
            {"symbol": "IBM"},
            [{"date": row[0], "close": float(row[4]), "volume": row[5]} for row in ROWS[:30]],
        ),
    ),
)


@provider.route("/query")
def answer_query(request: Request) -> Reply:
    function, symbol = request.query.get("function"), request.query.get("symbol")
    if symbol != "IBM":
        return json_reply({"Error Message": f"Invalid API call. Please retry for {function}."})
    if function == "GLOBAL_QUOTE":
        quote = {"01. symbol": "IBM", "05. price": ROWS[0][4], "06. volume": str(ROWS[0][5])}
        return json_reply({"Global Quote": quote})
    if function == "TIME_SERIES_DAILY" and request.query.get("datatype") == "csv":
        lines = ["timestamp,open,high,low,close,volume", *(",".join(map(str, row)) for row in ROWS)]
        return text_reply("\r\n".join([*lines, ""]), content_type="application/x-download")
    return json_reply({"Error Message": f"This API function ({function}) does not exist."})
