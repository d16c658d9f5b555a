"""OPNsense's API: key and secret as user and password; figures of the system as lines of `top`.

Shapes as in https://docs.opnsense.org/development/api/core/diagnostics.html.
"""

from __future__ import annotations

from examples.sandbox.credentials import basic_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

KEY, SECRET = "w86XNZob0sandbox0key", "XeD26XVrJ5ilAc0sandbox0secret"
HEADERS = [
    "last pid: 39510;  load averages:  0.24,  0.20,  0.18  up 12+03:04:05    12:00:30",
    "241 threads:   9 running, 203 sleeping, 29 waiting",
    "CPU:  2.1% user,  0.0% nice,  1.4% system,  0.5% interrupt, 96.0% idle",
    "Mem: 391M Active, 1340M Inact, 1151M Wired, 12G Free",
    "Swap: 8192M Total, 8192M Free",
]
INTERFACES = {
    "lan": {"device": "igc0", "name": "LAN", "bytes received": "7712345", "bytes transmitted": "99812345"},
    "wan": {"device": "igc1", "name": "WAN", "bytes received": "123456789", "bytes transmitted": "9876543"},
}


def check_key(request: Request) -> Reply | None:
    if basic_of(request) == (KEY, SECRET):
        return None
    return json_reply({"status": 401, "message": "Authentication Failed"}, 401)


provider = Provider(
    "opnsense",
    config={"server": "{sandbox}/opnsense", "key": KEY, "secret": SECRET},
    guard=check_key,
    unknown=lambda _: json_reply({"errorMessage": "Endpoint not found"}, 404),
    samples=(
        Sample("load", {}, {"cpu_percent": 4, "memory_active": "391M"}),
        Sample("traffic", {}, {"interface": "WAN", "received_bytes": 123_456_789, "sent_bytes": 9_876_543}),
        Sample("restart_dns", {}, {"response": "OK"}),
    ),
)


@provider.route("/api/diagnostics/activity/getActivity")
def show_activity(_request: Request) -> Reply:
    return json_reply({"headers": HEADERS, "details": []})


@provider.route("/api/diagnostics/traffic/interface")
def show_traffic(_request: Request) -> Reply:
    return json_reply({"interfaces": INTERFACES, "time": 1_772_449_230.5})


@provider.route("/api/unbound/service/restart", "POST")
def restart_dns(_request: Request) -> Reply:
    return json_reply({"response": "OK"})
