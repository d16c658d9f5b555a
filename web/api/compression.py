"""Compression of answers that are large and hold nothing secret."""

from __future__ import annotations

import gzip

from flask import Response, request

LEVEL = 6


def compressed(response: Response) -> Response:
    """The response, by gzip where the client takes that (RFC 9110 section 12.5.3)."""
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0 and not response.content_encoding:
        response.set_data(gzip.compress(response.get_data(), LEVEL, mtime=0))
        response.content_encoding = "gzip"
    return response
