"""An Axis camera: Digest authentication, parameters as text, a picture.

Shapes as in https://developer.axis.com/vapix/network-video/parameter-management/ and /video-streaming/.
"""

from __future__ import annotations

import base64

from examples.sandbox.credentials import digest_challenge, has_digest
from examples.sandbox.exchange import Reply, Request, text_reply
from examples.sandbox.pictures import evening_jpeg
from examples.sandbox.provider import Provider, Sample

USERNAME, PASSWORD = "root", "sandbox axis password"
REALM, NONCE = "AXIS_ACCC8E000000", "sandbox0axis0nonce"
MAX_SIDE = 1920
BRAND = {
    "Brand": "AXIS",
    "ProdFullName": "AXIS P3245-LV Network Camera",
    "ProdNbr": "P3245-LV",
    "ProdType": "Network Camera",
}


def check_digest(request: Request) -> Reply | None:
    if has_digest(request, REALM, USERNAME, PASSWORD, NONCE):
        return None
    page = text_reply("<html><body><h1>401 Unauthorized</h1></body></html>", 401, "text/html")
    challenge = ("WWW-Authenticate", digest_challenge(REALM, NONCE))
    return Reply(401, page.body, page.content_type, (challenge,))


provider = Provider(
    "axis-camera",
    config={"server": "{sandbox}/axis-camera", "username": USERNAME, "password": PASSWORD},
    guard=check_digest,
    samples=(
        Sample(
            "snapshot",
            {"resolution": "320x180"},
            base64.b64encode(evening_jpeg(320, 180)).decode(),
            # The first request is answered by the challenge.
            upstream_calls=2,
        ),
    ),
)


@provider.route("/axis-cgi/param.cgi")
def list_parameters(request: Request) -> Reply:
    if (request.query.get("action"), request.query.get("group")) != ("list", "root.Brand"):
        return text_reply("# Error: Error -1 getting param in group\n")
    return text_reply("".join(f"root.Brand.{name}={value}\n" for name, value in BRAND.items()))


@provider.route("/axis-cgi/jpg/image.cgi")
def take_picture(request: Request) -> Reply:
    width, _, height = request.query.get("resolution", "320x180").partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        return text_reply("Bad request", 400)
    if not (int(width) <= MAX_SIDE and int(height) <= MAX_SIDE and int(width) * int(height)):
        return text_reply("Bad request", 400)
    return Reply(200, evening_jpeg(int(width), int(height)), "image/jpeg")
