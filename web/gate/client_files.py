"""The JavaScript client's files: public code that a page of any origin may import, so no token is required."""

from __future__ import annotations

from settings import ROOT

FOLDER = ROOT / "static" / "built" / "client"
# The modules at stable addresses, which are public before they are built, too.
MODULES = ("patchbay.js", "elements.js")
# Listed one by one, so that no variant of a path bypasses the gate.
CLIENT_PATHS = frozenset(
    f"/static/client/{name}"
    for name in (*MODULES, *(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")))
)
# `*` never allows credentials (Fetch section 3.2.5), so every page gets only this public file, anonymously.
CLIENT_HEADERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
