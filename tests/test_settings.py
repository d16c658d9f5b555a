from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

import app
from settings import ROOT, SETTINGS, ConfigurationError, Settings, load_settings, unknown_variables
from web.cli import serve as cli_serve

# Fixed, since they are part of a test's name.
KEY, OTHER_KEY = "QUFB" * 10 + "QUE=", "QkJC" * 10 + "QkI="


def test_table_and_settings_name_the_same_things():
    assert [setting.name for setting in SETTINGS] == [field.name for field in fields(Settings)]


def test_defaults_hold_without_any_variable():
    settings = load_settings({})
    assert (settings.host, settings.port, settings.instance) == ("127.0.0.1", 8765, ROOT / "instance")
    assert settings.secret_key_file == ROOT / "instance" / "secret.key"
    assert settings.token is None
    assert settings.prefetch is True


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("PATCHBAY_PORT", " 80 ", "port", 80),
        ("PATCHBAY_HOST", "[::1]", "host", "::1"),
        ("PATCHBAY_HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("PATCHBAY_PREFETCH", "OFF", "prefetch", False),
        ("PATCHBAY_CACHE_SIZE_LIMIT", "512M", "cache_size_limit_bytes", 512 * 1024**2),
        ("PATCHBAY_CACHE_SIZE_LIMIT", "2 GB", "cache_size_limit_bytes", 2 * 1024**3),
        ("PATCHBAY_TIMEOUT", "2.5", "timeout_seconds", 2.5),
        ("PATCHBAY_DEFAULT_TTL", "0", "default_ttl_seconds", 0),
        ("PATCHBAY_ALLOWED_HOSTS", "Patchbay.LAN, nas:8443,", "allowed_hosts", ("patchbay.lan", "nas:8443")),
        (
            "PATCHBAY_ALLOWED_ORIGINS",
            "http://Localhost:5173/,https://app.example:443",
            "allowed_origins",
            ("http://localhost:5173", "https://app.example"),
        ),
        ("PATCHBAY_SECRET_KEY", f"{KEY},{OTHER_KEY}", "secret_keys", (KEY, OTHER_KEY)),
        ("PATCHBAY_EGRESS_ALLOW", "10.0.0.0/8, nas:80", "egress_allow", ("10.0.0.0/8", "nas:80")),
        ("PATCHBAY_LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("PATCHBAY_TOKEN", "", "token", None),
        ("PATCHBAY_PUBLIC_URL", "https://Patchbay.LAN:443/", "public_url", "https://patchbay.lan"),
        (
            "PATCHBAY_PUBLIC_URL",
            "https://Home.LAN:8443/Patch-Bay/a/",
            "public_url",
            "https://home.lan:8443/Patch-Bay/a",
        ),
        ("PATCHBAY_PUBLIC_URL", "", "public_url", None),
        (
            "PATCHBAY_TRUSTED_PROXIES",
            "127.0.0.1, 10.1.0.0/16,::1",
            "trusted_proxies",
            ("127.0.0.1/32", "10.1.0.0/16", "::1/128"),
        ),
        ("PATCHBAY_TRUSTED_PROXIES", "", "trusted_proxies", ()),
    ],
)
def test_values_are_read_as_what_they_mean(variable: str, text: str, name: str, value: object):
    assert getattr(load_settings({variable: text}), name) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PATCHBAY_PORT", "65536"),
        ("PATCHBAY_PORT", "-1"),
        ("PATCHBAY_PORT", "８０"),
        ("PATCHBAY_HOST", "a b"),
        ("PATCHBAY_HOST", "http://a"),
        ("PATCHBAY_TOKEN", "two words"),
        ("PATCHBAY_TOKEN", "naïve"),
        ("PATCHBAY_ALLOWED_HOSTS", "http://nas"),
        ("PATCHBAY_ALLOWED_HOSTS", "*"),
        ("PATCHBAY_ALLOWED_HOSTS", "nas:0"),
        ("PATCHBAY_ALLOWED_ORIGINS", "*"),
        ("PATCHBAY_ALLOWED_ORIGINS", "null"),
        ("PATCHBAY_ALLOWED_ORIGINS", "localhost:5173"),
        ("PATCHBAY_ALLOWED_ORIGINS", "http://a/path"),
        ("PATCHBAY_ALLOWED_ORIGINS", "http://user@a"),
        ("PATCHBAY_SECRET_KEY", "short"),
        ("PATCHBAY_PUBLIC_URL", "patchbay.lan"),
        ("PATCHBAY_PUBLIC_URL", "ftp://patchbay.lan"),
        ("PATCHBAY_PUBLIC_URL", "https://user:secret@patchbay.lan"),
        ("PATCHBAY_PUBLIC_URL", "https://patchbay.lan/?a=b"),
        ("PATCHBAY_PUBLIC_URL", "https://patchbay.lan/a path"),
        ("PATCHBAY_PUBLIC_URL", "https://patchbay.lan/a//b"),
        ("PATCHBAY_PUBLIC_URL", "https://patchbay.lan/a/../b"),
        ("PATCHBAY_PUBLIC_URL", "https://patchbay.lan/%61"),
        ("PATCHBAY_PUBLIC_URL", "https://patchbay.lan/a;b"),
        ("PATCHBAY_PUBLIC_URL", "https://patchbay.lan/api"),
        ("PATCHBAY_PUBLIC_URL", "https://patchbay.lan/console/x"),
        ("PATCHBAY_TRUSTED_PROXIES", "proxy.lan"),
        ("PATCHBAY_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("PATCHBAY_TRUSTED_PROXIES", "10.0.0.1:80"),
        ("PATCHBAY_CACHE_SIZE_LIMIT", "0"),
        ("PATCHBAY_CACHE_SIZE_LIMIT", "1X"),
        ("PATCHBAY_TIMEOUT", "nan"),
        ("PATCHBAY_TIMEOUT", "inf"),
        ("PATCHBAY_TIMEOUT", "0"),
        ("PATCHBAY_PREFETCH", "maybe"),
        ("PATCHBAY_LOG_LEVEL", "LOUD"),
        ("PATCHBAY_THREADS", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(variable: str, text: str):
    with pytest.raises(ConfigurationError, match=variable):
        load_settings({variable: text})


@pytest.mark.parametrize("variable", ["PATCHBAY_TOKEN", "PATCHBAY_SECRET_KEY", "PATCHBAY_DATABASE_URL"])
def test_a_wrong_secret_is_refused_without_being_shown(variable: str):
    with pytest.raises(ConfigurationError) as refusal:
        load_settings({variable: "hush hush"})
    assert "hush" not in refusal.value.message


@pytest.mark.parametrize("setting", [setting for setting in SETTINGS if setting.file_variable])
def test_every_setting_can_be_kept_in_a_file(setting, tmp_path: Path):
    text = setting.default or {
        "token": "t0ken",
        "database_url": "postgresql://user:hush@host:5432/patchbay?sslmode=require",
        "allowed_origins": "http://a",
        "sandbox": "http://a:1",
        "public_url": "https://a",
        "trusted_proxies": "10.0.0.0/8",
    }.get(setting.name, "a:80")
    (tmp_path / "value").write_text(f"\n{text}\n")
    assert setting.file_variable == f"{setting.variable}_FILE"
    settings = load_settings({setting.file_variable: str(tmp_path / "value")})
    assert getattr(settings, setting.name) == setting.parse(text)


def test_a_setting_given_both_ways_is_refused(tmp_path: Path):
    (tmp_path / "token").write_text("a")
    with pytest.raises(ConfigurationError, match="PATCHBAY_TOKEN and PATCHBAY_TOKEN_FILE"):
        load_settings({"PATCHBAY_TOKEN": "b", "PATCHBAY_TOKEN_FILE": str(tmp_path / "token")})


def test_keys_and_a_key_file_given_together_are_refused(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="PATCHBAY_SECRET_KEY_FILE"):
        load_settings({"PATCHBAY_SECRET_KEY": KEY, "PATCHBAY_SECRET_KEY_FILE": str(tmp_path / "key")})


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_refused_by_name(content: bytes | None, tmp_path: Path):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="PATCHBAY_TOKEN_FILE"):
        load_settings({"PATCHBAY_TOKEN_FILE": str(path)})


def test_the_environment_wins_over_dotenv(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("PATCHBAY_PORT=81\nPATCHBAY_THREADS=4\nPATCHBAY_TOKEN_FILE=/nowhere\n")
    settings = load_settings({"PATCHBAY_PORT": "80", "PATCHBAY_TOKEN": "from-the-environment"}, dotenv)
    assert (settings.port, settings.threads, settings.token) == (80, 4, "from-the-environment")


def test_dotenv_values_are_taken_as_written(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("PATCHBAY_TOKEN='pa$HOME${HOME}'\n")
    assert load_settings({}, dotenv).token == "pa$HOME${HOME}"


def test_secrets_are_not_part_of_the_printed_settings():
    settings = load_settings({"PATCHBAY_TOKEN": "hush-hush", "PATCHBAY_SECRET_KEY": KEY})
    assert "hush-hush" not in repr(settings)
    assert KEY not in repr(settings)


def test_a_slip_in_a_variables_name_is_found():
    environ = {"PATCHBAY_EGRESS_ALOW": "", "PATCHBAY_TOKEN_FILE": "", "PATCHBAY_PORT": "", "HOME": ""}
    assert unknown_variables(environ) == ["PATCHBAY_EGRESS_ALOW"]


def test_a_slip_in_the_dotenv_file_is_found(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("PATCHBAY_PROT=80\nexport PATCHBAY_THREADS=4\nPATCHBAY_EMPTY=\nOTHER=1\n")
    assert unknown_variables({"PATCHBAY_PROT": "80"}, dotenv) == ["PATCHBAY_EMPTY", "PATCHBAY_PROT"]
    assert unknown_variables({}, tmp_path / "none") == []


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_the_start_warns_of_a_name_that_is_no_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str
):
    (tmp_path / ".env").write_text("PATCHBAY_PROT=80\n" if place == ".env" else "")
    monkeypatch.setattr(cli_serve, "DOTENV_PATH", tmp_path / ".env")
    monkeypatch.setattr(cli_serve, "init_logging", lambda *_: None)
    monkeypatch.setattr(cli_serve, "serve", lambda *_: None)
    environ = {"PATCHBAY_INSTANCE": str(tmp_path / "instance"), "PATCHBAY_PORT": "0"}
    environ |= {"PATCHBAY_PROT": "80"} if place == "environment" else {}
    result = CliRunner().invoke(app.main, [], env=environ, catch_exceptions=False)
    assert result.exit_code == 0
    assert "PATCHBAY_PROT is not a setting" in caplog.text


def test_a_wrong_setting_ends_the_start_with_one_line_and_exit_code_2(tmp_path: Path):
    environ = {"PATCHBAY_PORT": "many", "PATCHBAY_INSTANCE": str(tmp_path), "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        env=environ,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == "Error: PATCHBAY_PORT must be a port from 0 to 65535, not 'many'.\n"


@pytest.mark.parametrize(
    ("public_url", "port"),
    [
        ("", 9000),
        ("https://home.example/patchbay", 443),
        ("http://home.example", 80),
        ("https://home.example:8443", 8443),
        ("http://[::1]:81/p", 81),
    ],
)
def test_browsers_connect_to_the_port_of_the_public_url(public_url: str, port: int) -> None:
    settings = load_settings({"PATCHBAY_PORT": "9000", "PATCHBAY_PUBLIC_URL": public_url})
    assert settings.browsers_port == port
