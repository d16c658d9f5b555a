"""The full status page of apcupsd's CGI programs: a text of `NAME : value` in a little HTML.

The values are described in http://www.apcupsd.org/manual/manual.html#status-report-fields.
"""

from __future__ import annotations

from examples.sandbox.exchange import Reply, Request, text_reply
from examples.sandbox.provider import Provider, Sample

HOST = "127.0.0.1"
STATUS = """APC      : 001,036,0876
DATE     : 2026-01-01 10:00:00 +0100
HOSTNAME : nas
VERSION  : 3.14.14 (31 May 2016) debian
UPSNAME  : rack
CABLE    : USB Cable
DRIVER   : USB UPS Driver
UPSMODE  : Stand Alone
STARTTIME: 2025-12-01 09:00:00 +0100
MODEL    : Back-UPS RS 900G
STATUS   : ONLINE
LINEV    : 232.0 Volts
LOADPCT  : 16.0 Percent
BCHARGE  : 100.0 Percent
TIMELEFT : 51.3 Minutes
MBATTCHG : 5 Percent
NUMXFERS : 2
NOMPOWER : 540 Watts
END APC  : 2026-01-01 10:00:02 +0100
"""

provider = Provider(
    "apcupsd",
    config={"server": "{sandbox}/apcupsd/cgi-bin/apcupsd", "host": HOST},
    samples=(
        Sample(
            "status",
            {},
            {
                "status": "ONLINE",
                "charge_percent": 100,
                "is_low": False,
                "load_percent": 16,
                "watts": 86,
                "minutes_left": 51.3,
                "line_volts": 232,
                "model": "Back-UPS RS 900G",
            },
        ),
    ),
)


@provider.route("/cgi-bin/apcupsd/upsfstats.cgi")
def show_status(request: Request) -> Reply:
    host = request.query.get("host", "")
    body = f"<pre>\n{STATUS}</pre>" if host == HOST else f"Access to {host} is not authorized."
    page = (
        f"<!DOCTYPE HTML>\n<html>\n<head><title>UPS status</title></head>\n<body>\n{body}\n</body>\n</html>\n"
    )
    return text_reply(page, content_type="text/html; charset=utf-8")
