"""The JavaScript client's files and the icons: public, so that a page of any origin may load them without a token."""

from __future__ import annotations

import re

from settings import ROOT

FOLDER = ROOT / "static" / "built" / "client"
# The modules at stable addresses, which are public before they are built, too.
MODULES = ("patchbay.js", "connect.js", "elements.js")
# Listed one by one, so that no variant of a path bypasses the gate.
CLIENT_PATHS = frozenset(
    f"/static/client/{name}"
    for name in (*MODULES, *(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")))
)
# Names only: no path of this form leads anywhere but to an icon.
ICON_PATH = re.compile(r"/static/icons/(?:si|lucide)/[a-z0-9_-]{1,64}\.svg")
# `*` never allows credentials (Fetch section 3.2.5), so every page gets only this public file, anonymously.
CLIENT_HEADERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


def is_client_file(path: str) -> bool:
    """Whether a path is that of a public file."""
    return path in CLIENT_PATHS or ICON_PATH.fullmatch(path) is not None
