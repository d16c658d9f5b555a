"""Alpha Vantage: prices as JSON or CSV, and refusals as 200 with a sentence.

Shapes as in https://www.alphavantage.co/documentation/.
"""

from __future__ import annotations

from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

API_KEY = "sandbox-alpha-vantage-key"
ROWS = (
    ("2026-01-02", "218.1000", "221.4600", "217.8800", "220.9500", 3120450),
    ("2025-12-31", "219.0000", "219.7400", "216.5200", "217.2300", 2846013),
    ("2025-12-30", "220.3300", "221.0100", "218.2500", "219.4000", 2210987),
)


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
            [{"date": row[0], "close": float(row[4]), "volume": row[5]} for row in ROWS],
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
