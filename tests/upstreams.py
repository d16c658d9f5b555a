"""Providers on loopback that are gone as soon as a test is done with them."""

from __future__ import annotations

from pytest_httpserver import HTTPServer

POLL_SECONDS = 0.01


class Upstream(HTTPServer):
    """`HTTPServer`, which by itself notices only every half a second that it shall stop."""

    def thread_target(self) -> None:
        assert self.server is not None
        self.server.serve_forever(POLL_SECONDS)
