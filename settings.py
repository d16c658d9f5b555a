"""The settings of one Patchbay: a table with default and help, and the typed values read from it.

A setting is read from the environment, else from the `.env` file, else its default applies. Each one may also
name a file that contains its value: `PATCHBAY_TOKEN_FILE=/run/secrets/token`.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from dotenv import dotenv_values

from addresses import (
    parse_database_url,
    parse_host,
    parse_hosts,
    parse_int,
    parse_list,
    parse_networks,
    parse_origin,
    parse_origins,
    parse_public_url,
    parse_url,
)
from installation import ROOT, VERSION, default_dotenv, default_instance  # noqa: F401 - ROOT is imported from here
from regular_files import UnusableFile, read_regular_file

PREFIX = "PATCHBAY_"
DOTENV_PATH = default_dotenv()

FERNET_KEY_BYTES = 32
BYTES_BY_SUFFIX = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
SWITCHES = {
    "on": True,
    "true": True,
    "yes": True,
    "1": True,
    "off": False,
    "false": False,
    "no": False,
    "0": False,
}
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS = ("text", "json")


def version() -> str:
    """Patchbay's own version."""
    return VERSION


class ConfigurationError(click.ClickException):
    """Patchbay cannot start with this configuration: one line for the user who starts it, exit code 2."""

    exit_code = 2


def parse_port(text: str) -> int:
    return parse_int(text, lowest=0, highest=65535)


def parse_path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def parse_token(text: str) -> str:
    """A token that an Authorization header can carry as it is."""
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError
    return text


def parse_keys(text: str) -> tuple[str, ...]:
    """Fernet keys, the sealing one first."""
    keys = parse_list(text)
    for key in keys:
        require_fernet_key(key)
    return keys


def require_fernet_key(text: str) -> None:
    """Raises ValueError unless the text is 32 bytes in base64url, which is what makes a Fernet key."""
    if len(base64.urlsafe_b64decode(text)) != FERNET_KEY_BYTES:
        raise ValueError


def parse_bytes(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,15})\s*([KMGT]?)(?:I?B)?", text.upper())
    if match is None or int(match[1]) == 0:
        raise ValueError
    return int(match[1]) * BYTES_BY_SUFFIX[match[2]]


def parse_ttl(text: str) -> int:
    return parse_int(text, lowest=0, highest=366 * 86400)


def parse_timeout(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 3600:
        raise ValueError
    return seconds


def parse_count(text: str) -> int:
    return parse_int(text, lowest=1, highest=1024)


def parse_streams(text: str) -> int:
    # The server has 1024 connections, of which other requests need some.
    return parse_int(text, lowest=0, highest=768)


def parse_days(text: str) -> int:
    return parse_int(text, lowest=1, highest=3660)


def parse_switch(text: str) -> bool:
    if text.lower() not in SWITCHES:
        raise ValueError
    return SWITCHES[text.lower()]


def parse_log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError
    return text.upper()


def parse_log_format(text: str) -> str:
    if text.lower() not in LOG_FORMATS:
        raise ValueError
    return text.lower()


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: `default` is text, parsed by the same `parse` as a user's value."""

    name: str
    variable: str
    parse: Callable[[str], Any]
    default: str
    right: str
    help: str
    secret: bool = False

    @property
    def file_variable(self) -> str | None:
        """The variable that names a file with the value. The key file is itself such a variable."""
        taken = self.variable.removesuffix("_FILE") != self.variable
        return None if taken or self.variable == "PATCHBAY_SECRET_KEY" else f"{self.variable}_FILE"


HOSTS_RIGHT = "host names or host:port, separated by commas"
EGRESS_RIGHT = "host:port pairs or CIDR ranges, separated by commas"
DAYS_RIGHT = "a whole number of days from 1 to 3660"
COUNT_RIGHT = "a whole number from 1 to 1024"
BYTES_RIGHT = "a number of bytes, or one with K, M or G, like 512M"

SETTINGS = (
    Setting("host", "PATCHBAY_HOST", parse_host, "127.0.0.1", "a host name or an IP address",
            "Address to listen on. Beyond loopback, PATCHBAY_TOKEN must be set."),
    Setting("port", "PATCHBAY_PORT", parse_port, "8765", "a port from 0 to 65535",
            "Port to listen on; 0 takes a free one."),
    Setting("instance", "PATCHBAY_INSTANCE", parse_path, str(default_instance()), "the path of a folder",
            "Folder for the database, the cache, the key and the token."),
    Setting("database_url", "PATCHBAY_DATABASE_URL", parse_database_url, "",
            "a URL like postgresql+psycopg://user:password@host/database",
            "PostgreSQL database for the store, instead of the SQLite file in that folder.", secret=True),
    Setting("token", "PATCHBAY_TOKEN", parse_token, "", "letters, digits and signs without spaces",
            "Access token for programs and browsers; without it one is created at the first start.", secret=True),
    Setting("public_url", "PATCHBAY_PUBLIC_URL", parse_public_url, "",
            "a URL like https://patchbay.example.com or https://home.example.com/patchbay",
            "URL at which browsers reach this server, if it differs from host and port."),
    Setting("trusted_proxies", "PATCHBAY_TRUSTED_PROXIES", parse_networks, "",
            "IP addresses or CIDR ranges, separated by commas",
            "Reverse proxies whose X-Forwarded-For, -Proto, -Host and -Prefix are believed."),
    Setting("session_idle_days", "PATCHBAY_SESSION_IDLE", parse_days, "30", DAYS_RIGHT,
            "Days without use after which a browser is signed out."),
    Setting("session_lifetime_days", "PATCHBAY_SESSION_LIFETIME", parse_days, "180", DAYS_RIGHT,
            "Days after which a browser has to sign in again in any case."),
    Setting("allowed_hosts", "PATCHBAY_ALLOWED_HOSTS", parse_hosts, "", HOSTS_RIGHT,
            "Further host names of this server."),
    Setting("allowed_origins", "PATCHBAY_ALLOWED_ORIGINS", parse_origins, "",
            "origins like http://localhost:5173, separated by commas",
            "Origins of frontends that may call this server from a browser."),
    Setting("egress_allow", "PATCHBAY_EGRESS_ALLOW", parse_list, "", EGRESS_RIGHT,
            "Private upstreams that integrations may call."),
    Setting("egress_allow_urls", "PATCHBAY_EGRESS_ALLOW_URLS", parse_list, "", EGRESS_RIGHT,
            "Private upstreams that whole-URL inputs may reach too; for local development."),
    Setting("secret_keys", "PATCHBAY_SECRET_KEY", parse_keys, "", "Fernet keys, separated by commas",
            "Keys for stored secrets, instead of the key file: the first encrypts, all decrypt.", secret=True),
    Setting("secret_key_file", "PATCHBAY_SECRET_KEY_FILE", parse_path, "", "the path of a file",
            "Key file, one Fernet key per line, created at first start; default `secret.key` in that folder."),
    Setting("default_ttl_seconds", "PATCHBAY_DEFAULT_TTL", parse_ttl, "300", "whole seconds, 0 or more",
            "How long an answer is fresh when neither manifest nor upstream says so."),
    Setting("cache_size_limit_bytes", "PATCHBAY_CACHE_SIZE_LIMIT", parse_bytes, "1G", BYTES_RIGHT,
            "Size on disk above which the least recently used artifacts are evicted."),
    Setting("history_size_limit_bytes", "PATCHBAY_HISTORY_SIZE_LIMIT", parse_bytes, "200M", BYTES_RIGHT,
            "Size on disk above which the oldest numbers of blocks with a history are thinned out."),
    Setting("memory_cache_bytes", "PATCHBAY_MEMORY_CACHE", parse_bytes, "4M", BYTES_RIGHT,
            "Memory for the most requested answers."),
    Setting("prefetch", "PATCHBAY_PREFETCH", parse_switch, "on", "on or off",
            "Whether this process prefetches blocks on schedule."),
    Setting("prefetch_idle_intervals", "PATCHBAY_PREFETCH_IDLE_INTERVALS", parse_count, "12", COUNT_RIGHT,
            "Number of prefetches of a set of inputs after its last render."),
    Setting("log_retention_days", "PATCHBAY_LOG_RETENTION", parse_days, "30", DAYS_RIGHT,
            "Days for which upstream calls and usage are stored."),
    Setting("audit_retention_days", "PATCHBAY_AUDIT_RETENTION", parse_days, "365", DAYS_RIGHT,
            "Days for which the audit log is stored; at most its newest 200,000 entries are."),
    Setting("log_level", "PATCHBAY_LOG_LEVEL", parse_log_level, "INFO", " or ".join(LOG_LEVELS),
            "What is logged to stderr; DEBUG adds a line for each request."),
    Setting("log_format", "PATCHBAY_LOG_FORMAT", parse_log_format, "text", " or ".join(LOG_FORMATS),
            "How lines of the log are written: for people, or one JSON object a line."),
    Setting("threads", "PATCHBAY_THREADS", parse_count, "32", COUNT_RIGHT,
            "Maximum number of requests served at once."),
    Setting("event_streams", "PATCHBAY_EVENT_STREAMS", parse_streams, "256", "a whole number from 0 to 768",
            "Maximum number of open streams of live events."),
    Setting("upstream_calls", "PATCHBAY_UPSTREAM_CALLS", parse_count, "24", COUNT_RIGHT,
            "Maximum number of upstream calls at once; one integration gets at most five sixths of them."),
    Setting("max_body_size_bytes", "PATCHBAY_MAX_BODY_SIZE", parse_bytes, "16M", BYTES_RIGHT,
            "Largest request body that is read."),
    Setting("max_answer_size_bytes", "PATCHBAY_MAX_ANSWER_SIZE", parse_bytes, "10M", BYTES_RIGHT,
            "Largest upstream answer that is read, uncompressed."),
    Setting("timeout_seconds", "PATCHBAY_TIMEOUT", parse_timeout, "10", "seconds, more than 0",
            "Deadline of a whole upstream call if the manifest sets none."),
    Setting("backup", "PATCHBAY_BACKUP", parse_path, "", "the path of a folder",
            "Folder for backups on schedule; without it none are made."),
    Setting("backup_every_hours", "PATCHBAY_BACKUP_EVERY", parse_count, "24", COUNT_RIGHT,
            "Hours between two backups."),
    Setting("backup_keep", "PATCHBAY_BACKUP_KEEP", parse_count, "7", COUNT_RIGHT,
            "Number of backups that are kept; older ones are deleted."),
    Setting("provision", "PATCHBAY_PROVISION", parse_path, "", "the path of a folder",
            "Folder of files that set up workspaces, plugins, settings and secrets at start."),
    Setting("provision_commands", "PATCHBAY_PROVISION_COMMANDS", parse_switch, "off", "on or off",
            "Whether these files may name commands that print a secret."),
    Setting("samples", "PATCHBAY_SAMPLES", parse_path, "", "the path of a folder",
            "Folder of recorded samples that answer in place of providers, which are then never called."),
    Setting("sandbox", "PATCHBAY_SANDBOX", parse_url, "", "a URL like http://127.0.0.1:9000",
            "URL of a running sandbox that the example frontend's plugins then call; for demo and tests."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of `SETTINGS`, read and checked."""

    host: str
    port: int
    instance: Path
    database_url: str | None = field(repr=False)
    token: str | None = field(repr=False)
    public_url: str | None
    trusted_proxies: tuple[str, ...]
    session_idle_days: int
    session_lifetime_days: int
    allowed_hosts: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    egress_allow: tuple[str, ...]
    egress_allow_urls: tuple[str, ...]
    secret_keys: tuple[str, ...] = field(repr=False)
    secret_key_file: Path
    default_ttl_seconds: int
    cache_size_limit_bytes: int
    history_size_limit_bytes: int
    memory_cache_bytes: int
    prefetch: bool
    prefetch_idle_intervals: int
    log_retention_days: int
    audit_retention_days: int
    log_level: str
    log_format: str
    threads: int
    event_streams: int
    upstream_calls: int
    max_body_size_bytes: int
    max_answer_size_bytes: int
    timeout_seconds: float
    backup: Path | None
    backup_every_hours: int
    backup_keep: int
    provision: Path | None
    provision_commands: bool
    samples: Path | None
    sandbox: str | None

    @property
    def public_origin(self) -> str | None:
        """Scheme, host and port of the public URL."""
        return (
            None
            if self.public_url is None
            else parse_origin(urlsplit(self.public_url)._replace(path="").geturl())
        )

    @property
    def browsers_port(self) -> int:
        """The port that browsers connect to: that of the public URL, if there is one."""
        if self.public_url is None:
            return self.port
        parts = urlsplit(self.public_url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def public_prefix(self) -> str | None:
        """The path of the public URL, "" for none; None without a public URL."""
        return None if self.public_url is None else urlsplit(self.public_url).path


def load_settings(environ: Mapping[str, str] | None = None, dotenv_path: Path | None = None) -> Settings:
    """The settings from `environ` and a `.env` file; the environment wins.

    Without `environ` both are the process's own. With it, only the `.env` at `dotenv_path` is read. Raises
    ConfigurationError that names the variable and says what is right.
    """
    if environ is None:
        environ, dotenv_path = os.environ, dotenv_path or DOTENV_PATH
    sources = (environ, read_dotenv(dotenv_path))
    if _is_set(environ, "PATCHBAY_SECRET_KEY") and _is_set(environ, "PATCHBAY_SECRET_KEY_FILE"):
        raise ConfigurationError(
            "PATCHBAY_SECRET_KEY and PATCHBAY_SECRET_KEY_FILE are both set: keep one of them."
        )
    values = {setting.name: _read_setting(setting, sources) for setting in SETTINGS}
    values["secret_key_file"] = values["secret_key_file"] or values["instance"] / "secret.key"
    values["token"] = values["token"] or None
    return Settings(**values)


def unknown_variables(environ: Mapping[str, str], dotenv_path: Path | None = None) -> list[str]:
    """Variables there and in the `.env` file with our prefix that name no setting: most likely typing errors."""
    known = {setting.variable for setting in SETTINGS} | {setting.file_variable for setting in SETTINGS}
    names = {*environ, *read_dotenv(dotenv_path)}
    return sorted(name for name in names if name.startswith(PREFIX) and name not in known)


def read_dotenv(path: Path | None) -> dict[str, str]:
    """The variables that a `.env` file sets. Raises ConfigurationError."""
    if path is None or not path.is_file():
        return {}
    try:
        # Values are read literally: a `$` in a token is a `$`.
        found = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(
            f"{path} cannot be read: make it a UTF-8 text file that you may read."
        ) from None
    return {name: value for name, value in found.items() if value is not None}


def _read_setting(setting: Setting, sources: tuple[Mapping[str, str], ...]) -> Any:
    for source in sources:
        text, variable = _find_text(setting, source)
        if text:
            return _parse_setting(setting, text, variable)
    return setting.parse(setting.default) if setting.default else () if setting.parse in LISTS else None


def _find_text(setting: Setting, source: Mapping[str, str]) -> tuple[str, str]:
    """The text that a source gives for a setting ("" for nothing), and the variable that gave it."""
    file_variable = setting.file_variable
    if file_variable is None or not _is_set(source, file_variable):
        return source.get(setting.variable, "").strip(), setting.variable
    if _is_set(source, setting.variable):
        raise ConfigurationError(f"{setting.variable} and {file_variable} are both set: keep one of them.")
    try:
        content = read_regular_file(Path(source[file_variable].strip()).expanduser())
        return content.decode("utf-8").strip(), file_variable
    except (UnusableFile, UnicodeDecodeError, RuntimeError) as error:
        why = f": it {error}" if isinstance(error, UnusableFile) else ""
        raise ConfigurationError(f"{file_variable} must name a text file that can be read{why}.") from None


def _parse_setting(setting: Setting, text: str, variable: str) -> Any:
    try:
        return setting.parse(text)
    except ValueError:
        given = "" if setting.secret else f", not {text[:80]!r}"
        raise ConfigurationError(f"{variable} must be {setting.right}{given}.") from None


def _is_set(source: Mapping[str, str], variable: str) -> bool:
    return bool(source.get(variable, "").strip())


LISTS = {parse_list, parse_hosts, parse_networks, parse_origins, parse_keys}
