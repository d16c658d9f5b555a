"""The access token of programs and browsers: created, stored, compared."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from plugin_store.engine.files import create_private_file, replace_private_file
from settings import ConfigurationError, Settings, parse_token
from web.gate.hosts import is_loopback

log = logging.getLogger("patchbay.tokens")

TOKEN_BYTES = 32
SHORTEST_BEYOND_LOOPBACK = 20
# A user's own token may be short, and its digest is in every backup of the store.
DIGEST_SALT, DIGEST_ROUNDS = b"patchbay sessions", 30_000


class HeldToken:
    """The current token: a configured one stays, one from the instance folder can be rotated."""

    def __init__(self, settings: Settings) -> None:
        self._path = None if settings.token else token_path(settings)
        self._digested = ("", "")
        self._take(load_token(settings))
        self._state = self._look()
        self._commits = -1

    @property
    def value(self) -> str:
        return self._value

    @property
    def digest(self) -> str:
        """The digest of the token in the store. Computed on first use, which takes some 50 ms."""
        value, digest = self._digested
        if value != self._value:
            value, digest = self._digested = self._value, digest_token(self._value)
        return digest

    @property
    def is_for_good(self) -> bool:
        """Whether it is a configured token, which cannot be rotated."""
        return self._path is None

    def is_bearer(self, authorization: str) -> bool:
        """Whether an Authorization header is exactly the one that programs are told to send."""
        return hmac.compare_digest(authorization.encode("utf-8", "surrogatepass"), self._bearer)

    def follow(self, commits: int) -> None:
        """Loads a rotated token. `commits` is the store's number of commits, which a rotation raises, as others do."""
        if commits == self._commits:
            return
        state = self._look()
        if state != self._state and self._path is not None:
            try:
                self._take(_read_token(self._path))
            except ConfigurationError as error:
                log.warning("The token is not changed: %s", error.message)
            self._state = state
        self._commits = commits

    def _take(self, token: str) -> None:
        self._value = token
        self._bearer = f"Bearer {token}".encode()

    def _look(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat() if self._path is not None else None
        except OSError:
            return None
        return (status.st_ino, status.st_mtime_ns) if status is not None else None


def load_token(settings: Settings) -> str:
    """The configured token, else the one in the instance folder, created at the first start.

    Raises ConfigurationError if the server is reachable from other machines with a token that nobody chose or that can
    be guessed, and if the token file is readable by other users.
    """
    if settings.token:
        _refuse_short(settings, settings.token)
        return settings.token
    if not is_loopback(settings.host):
        raise ConfigurationError(
            f"PATCHBAY_HOST {settings.host} can be reached from other machines: set PATCHBAY_TOKEN as well."
        )
    path = token_path(settings)
    if not path.exists():
        # Of two simultaneous first starts, one creates the file and both read it.
        with _clear_write_errors(path), suppress(FileExistsError):
            create_private_file(path, f"{secrets.token_urlsafe(TOKEN_BYTES)}\n".encode())
    return _read_token(path)


def _refuse_short(settings: Settings, token: str) -> None:
    public_host = urlsplit(settings.public_url or "").hostname
    beyond = [host for host in (settings.host, public_host) if host and not is_loopback(host)]
    if beyond and len(token) < SHORTEST_BEYOND_LOOPBACK:
        raise ConfigurationError(
            f"{beyond[0]} can be reached from other machines: "
            f"PATCHBAY_TOKEN must have at least {SHORTEST_BEYOND_LOOPBACK} characters."
        )


def rotate_token(settings: Settings) -> str:
    """Writes a new token to the instance folder. A running server loads it with the next commit to the store."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with _clear_write_errors(token_path(settings)) as path:
        replace_private_file(path, f"{token}\n".encode())
    return token


def token_path(settings: Settings) -> Path:
    return settings.instance / "token"


def _read_token(path: Path) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigurationError(f"{path} can be read by other users: run `chmod 600 {path}`.")
        return parse_token(path.read_text("ascii").strip())
    except (OSError, ValueError):
        raise ConfigurationError(
            f"{path} contains no readable token: remove the file to get a new one."
        ) from None


@contextmanager
def _clear_write_errors(path: Path) -> Iterator[Path]:
    try:
        yield path
    except OSError:
        raise ConfigurationError(
            f"{path} cannot be written: set PATCHBAY_INSTANCE to a folder that you own."
        ) from None


def digest_token(token: str) -> str:
    """The digest stored with sessions, so that a changed token ends them. It is slow, against guessing."""
    return hashlib.pbkdf2_hmac("sha256", token.encode(), DIGEST_SALT, DIGEST_ROUNDS).hex()


def equal_in_constant_time(given: str, right: str) -> bool:
    """Whether two header values are equal, compared in constant time."""
    # The token is ASCII. Anything else that a client sends is merely unequal, never an encoding error.
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), right.encode())
