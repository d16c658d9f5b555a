"""OCR.space: a form with parts that names a picture, and the text in it.

Shapes as in https://ocr.space/ocrapi.
"""

from __future__ import annotations

from examples.sandbox.credentials import parts_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

API_KEY = "K8sandbox0ocrspace0key"
PICTURE = "https://pictures.example/sign.png"
DOCUMENTED_PICTURE = "http://dl.a9t9.com/blog/ocr-online/screenshot.jpg"
TEXT = "NO SMOKING\r\n"


def check_key(request: Request) -> Reply | None:
    return None if request.headers.get("apikey") == API_KEY else json_reply("The API key is invalid", 403)


provider = Provider(
    "ocr-space",
    config={"api_key": API_KEY},
    guard=check_key,
    samples=(Sample("text", {"url": PICTURE}, {"text": TEXT}),),
)


@provider.route("/parse/image", "POST")
def read_picture(request: Request) -> Reply:
    fields = parts_of(request)
    if fields.get("url") not in {PICTURE, DOCUMENTED_PICTURE}:
        return _answer(["Unable to recognize the file type", "E216:Unable to detect the file extension"])
    if fields.get("language", "eng") not in {"eng", "ger", "fre", "spa"}:
        return _answer(["Value for parameter 'language' is invalid"])
    return _answer(None)


def _answer(error: list[str] | None) -> Reply:
    found = {"ParsedText": TEXT, "FileParseExitCode": 1, "ErrorMessage": "", "ErrorDetails": ""}
    exit_code = 99 if error else 1
    shared = {"OCRExitCode": exit_code, "IsErroredOnProcessing": bool(error), "ErrorMessage": error}
    return json_reply(shared if error else {"ParsedResults": [found], **shared})
