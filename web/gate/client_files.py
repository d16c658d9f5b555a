"""The JavaScript client's files: public code that a page of any origin may import, so without a token."""

from __future__ import annotations

from settings import ROOT

FOLDER = ROOT / "static" / "client"
# Listed one by one, so that no variant of a path slips by the gate.
CLIENT_PATHS = frozenset(f"/static/client/{path.name}" for path in FOLDER.glob("*.js"))
# `*` never goes with credentials (Fetch section 3.2.5): whoever asks gets what is public, and as nobody in particular.
CLIENT_HEADERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
