"""Settings come from the environment, and nonsense in it is refused by name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRINT = "from django.conf import settings; print(repr(settings.{}))"


def start(tmp_path, show="DEBUG", **environment):
    """Read the settings in a process of its own, with nothing in its environment but this."""
    return subprocess.run(
        [sys.executable, "-c", PRINT.format(show)],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "VAR_DIR": str(tmp_path),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_defaults_are_safe(tmp_path):
    assert start(tmp_path, "DEBUG").stdout == "False\n"
    assert "Mailbox" in start(tmp_path, "EMAIL_BACKEND").stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("BASE_URL", "news.example.org"),
        ("BASE_URL", "https://news.example.org/path"),
        ("EMAIL_PORT", "smtp"),
        ("EMAIL_PORT", "0"),
        ("DATABASE_URL", "oracle://x"),
        ("DATABASE_URL", "nonsense"),
        ("LOG_LEVEL", "loud"),
        ("PUBLICATION_NAME", "two\nlines"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named(name, value, tmp_path):
    started = start(tmp_path, SECRET_KEY="made-up-for-this-test", **{name: value})
    assert started.returncode
    assert f"ImproperlyConfigured: {name}" in started.stderr


def test_the_embedded_secret_is_made_once_and_kept_private(tmp_path):
    first = start(tmp_path, "SECRET_KEY").stdout
    assert len(first) > 50
    assert start(tmp_path, "SECRET_KEY").stdout == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_shared_database_wants_a_shared_secret(tmp_path):
    started = start(tmp_path, DATABASE_URL="postgres://u:p@127.0.0.1/broadsheet")
    assert "SECRET_KEY is not set" in started.stderr


def test_tls_and_ssl_together_are_refused(tmp_path):
    started = start(tmp_path, EMAIL_USE_TLS="on", EMAIL_USE_SSL="on")
    assert "EMAIL_USE_TLS and EMAIL_USE_SSL" in started.stderr


def test_every_anymail_variable_reaches_anymail(tmp_path):
    shown = start(tmp_path, "ANYMAIL", ANYMAIL_POSTMARK_SERVER_TOKEN="made-up").stdout
    assert "'POSTMARK_SERVER_TOKEN': 'made-up'" in shown


def test_sqlite_writes_ahead_and_locks_at_once(tmp_path):
    shown = start(tmp_path, "DATABASES").stdout
    assert "IMMEDIATE" in shown
    assert "journal_mode=WAL" in shown
