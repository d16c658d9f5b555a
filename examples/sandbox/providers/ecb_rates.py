"""The European Central Bank's reference rates as XML.

The shape is that of https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml.
"""

from __future__ import annotations

from examples.sandbox.exchange import Reply, Request, text_reply
from examples.sandbox.provider import Provider, Sample

DAY = "2026-01-02"
RATES = {
    "USD": "1.1721", "JPY": "183.94", "GBP": "0.8714", "CHF": "0.9308", "SEK": "10.8215", "NOK": "11.8120",
    "DKK": "7.4691", "PLN": "4.2255", "CZK": "24.235", "HUF": "384.60", "AUD": "1.7583", "CAD": "1.6092",
    "CNY": "8.1970", "INR": "105.42", "BRL": "6.4290", "TRY": "50.3710", "ZAR": "19.4360", "SGD": "1.5089",
}  # fmt: skip

provider = Provider(
    "ecb-rates",
    samples=(
        Sample(
            "rates",
            {},
            {
                "date": DAY,
                "items": [{"currency": name, "rate": float(rate)} for name, rate in RATES.items()],
            },
        ),
    ),
)


@provider.route("/stats/eurofxref/eurofxref-daily.xml")
def show_rates(_request: Request) -> Reply:
    rates = "".join(f"<Cube currency='{name}' rate='{rate}'/>" for name, rate in RATES.items())
    namespaces = (
        'xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
        'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"'
    )
    sender = "<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>"
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope {namespaces}>'
        f"<gesmes:subject>Reference rates</gesmes:subject>{sender}"
        f"<Cube><Cube time='{DAY}'>{rates}</Cube></Cube></gesmes:Envelope>"
    )
    return text_reply(body, content_type="text/xml")
