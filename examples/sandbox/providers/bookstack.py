"""A BookStack wiki: a token of two parts in one header; pages as a list, as HTML and as PDF.

Shapes as in https://demo.bookstackapp.com/api/docs.
"""

from __future__ import annotations

import base64

from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

TOKEN_ID, TOKEN_SECRET = "sandbox0bookstack0id", "sandbox0bookstack0secret"
STEEPED = "Green tea takes two minutes at 80 °C, black tea four at 100 °C."
PAGE = f'<!doctype html><html lang="en"><head><title>Tea</title></head><body><p>{STEEPED}</p></body></html>'
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PAGES = [
    {
        "id": number,
        "book_id": 1,
        "name": name,
        "slug": name.lower(),
        "draft": False,
        "updated_at": f"2026-01-0{number}T08:00:00.000000Z",
    }
    for number, name in ((3, "Tea"), (2, "Coffee"), (1, "Water"))
]


def check_token(request: Request) -> Reply | None:
    if request.headers.get("Authorization") == f"Token {TOKEN_ID}:{TOKEN_SECRET}":
        return None
    return _refuse(401, "No matching API token was found for the provided authorization token")


def _refuse(status: int, message: str) -> Reply:
    return json_reply({"error": {"code": status, "message": message}}, status)


provider = Provider(
    "bookstack",
    config={"server": "{sandbox}/bookstack", "token_id": TOKEN_ID, "token_secret": TOKEN_SECRET},
    guard=check_token,
    unknown=lambda _: _refuse(404, "Not Found"),
    samples=(
        Sample(
            "pages",
            {},
            [{"id": page["id"], "name": page["name"], "updated_at": page["updated_at"]} for page in PAGES],
        ),
        Sample("page", {"page": 3}, {"title": "Tea", "summary": STEEPED}),
        Sample("page-pdf", {"page": 3}, base64.b64encode(PDF).decode()),
    ),
)


@provider.route("/api/pages")
def list_pages(request: Request) -> Reply:
    count = int(request.number("count", 100, 500))
    ordered = PAGES if request.query.get("sort") == "-updated_at" else PAGES[::-1]
    return json_reply({"data": ordered[:count], "total": len(PAGES)})


@provider.route("/api/pages/{page}/export/html")
def export_html(_request: Request, page: str) -> Reply:
    return _download(page, PAGE.encode(), "html")


@provider.route("/api/pages/{page}/export/pdf")
def export_pdf(_request: Request, page: str) -> Reply:
    return _download(page, PDF, "pdf")


def _download(page: str, body: bytes, ending: str) -> Reply:
    """BookStack gives every export as a file of no particular kind."""
    if page != "3":
        return _refuse(404, "Page not found")
    disposition = ("Content-Disposition", f'attachment; filename="tea.{ending}"')
    return Reply(200, body, "application/octet-stream", (disposition,))
