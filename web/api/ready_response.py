"""A response that is complete when it is created."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class ReadyResponse(Response):
    """A response whose headers have its length and no relative URL, so that they are sent unchanged.

    For any other response Werkzeug copies the headers to complete them.
    """

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        if self.status_code == HTTPStatus.OK:
            return self.headers
        return super().get_wsgi_headers(environ)
