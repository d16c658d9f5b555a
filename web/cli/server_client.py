"""A client of a running Patchbay, for commands."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import click

from addresses import parse_public_url
from integrations.authoring.dev.session import Reply, Unreachable
from settings import ConfigurationError, Settings, parse_token
from web.gate.tokens import load_token, token_path
from web.server.links import own_urls

TIMEOUT_SECONDS = 330.0
"""More than a render may take."""


class ServerClient:
    """Calls a server at `url`, such as `http://127.0.0.1:8765`, with its token; the URL may have a path."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._url = url
        self._host, self._port = parts.hostname or "", parts.port
        self._is_https, self._prefix = parts.scheme == "https", parts.path
        self._token = token

    def register(self, declaration: Mapping[str, Any]) -> Reply:
        """The answer to a declaration, which may go back to an older version. Raises Unreachable."""
        return self._post("/plugins/register?downgrade=true", declaration)

    def render(self, plugin_id: str, block_id: str, inputs: Mapping[str, Any], use_cache: bool) -> Reply:
        """The answer to a render. Raises Unreachable."""
        body = {"block_type": block_id, "parameters": dict(inputs), "use_cache": use_cache}
        return self._post(f"/integrations/{quote(plugin_id, safe='')}/render", body)

    def _post(self, path: str, body: Any) -> Reply:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        connection = self._connect()
        try:
            connection.request("POST", f"{self._prefix}/api/v1{path}", json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            return Reply(answer.status, _read_object(answer.read()), answer.getheader("X-Cache"))
        except ssl.SSLError:
            raise Unreachable(f"The certificate of {self._url} is not trusted.") from None
        except OSError:
            raise Unreachable(f"No Patchbay answers at {self._url}: start it, or give its --url.") from None
        except (http.client.HTTPException, ValueError):
            raise Unreachable(f"What answers at {self._url} is not Patchbay.") from None
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._is_https else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=TIMEOUT_SECONDS)


def _read_object(body: bytes) -> dict[str, Any]:
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError
    return value


def client_for(settings: Settings, url: str | None, token_file: str | None) -> ServerClient:
    """The client of the server at `url`, else of this machine's own.

    The token is read from `token_file`, else as settings say. That of this machine's data folder is only for its own
    server. Raises click's errors.
    """
    own = own_urls(replace(settings, public_url=None), ())[0]
    address = own if url is None else _checked_url(url)
    return ServerClient(address, _token(settings, is_own=address == own, token_file=token_file))


def _checked_url(url: str) -> str:
    try:
        return parse_public_url(url)
    except ValueError:
        raise click.BadParameter("Not a URL like http://127.0.0.1:8765.", param_hint="--url") from None


def _token(settings: Settings, *, is_own: bool, token_file: str | None) -> str:
    if token_file is not None:
        return _read_token(Path(token_file))
    if settings.token:
        return settings.token
    if not is_own:
        raise click.UsageError("Give the server's token with --token-file, or in PATCHBAY_TOKEN.")
    if not token_path(settings).exists():
        raise ConfigurationError(f"No server was started with {settings.instance}: start it, or give --url.")
    return load_token(settings)


def _read_token(path: Path) -> str:
    try:
        return parse_token(path.read_text("utf-8").strip())
    except (OSError, ValueError):
        raise click.BadParameter("Not a file with a token.", param_hint="--token-file") from None
