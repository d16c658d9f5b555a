from __future__ import annotations

import pytest
from flask import Response
from werkzeug.test import EnvironBuilder

from web.api.ready_response import ReadyResponse

HEADERS = [("Content-Type", "application/json"), ("Content-Length", "2"), ("ETag", 'W/"1"')]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("known", [None, 'W/"1"', '"2"'])
def test_a_ready_response_goes_out_as_any_other_would(method: str, known: str | None):
    environ = EnvironBuilder(method=method, headers={"If-None-Match": known} if known else {}).get_environ()

    def send(response: Response) -> tuple[bytes, str, list[tuple[str, str]]]:
        response.make_conditional(environ)
        body, status, headers = response.get_wsgi_response(environ)
        return b"".join(body), status, [header for header in headers if header[0] != "Date"]

    assert send(ReadyResponse([b"{}"], headers=HEADERS)) == send(Response([b"{}"], headers=HEADERS))


def test_what_is_done_to_the_headers_that_went_out_leaves_the_response_as_it_was():
    response = ReadyResponse([b"{}"], headers=HEADERS)
    environ = EnvironBuilder().get_environ()
    response.get_wsgi_response(environ)[2].clear()
    assert response.get_wsgi_response(environ)[2] == HEADERS
