"""Settings come from the environment, and nonsense in it is refused by name."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
SHARED = {"DATABASE_URL": "postgres://u:p@127.0.0.1/broadsheet", "SECRET_KEY": "made-up"}
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
            "ENV_FILE": os.devnull,
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
        ("PUBLICATION_TIME_ZONE", "Mars/Olympus"),
        ("BASE_URL", "http://[bad"),
        ("BASE_URL", "http://exa mple.org"),
        ("BASE_URL", "http://localhost:99999"),
        ("MAIL_DOMAIN", "news example <x>"),
        ("DEFAULT_FROM_EMAIL", "News"),
        ("DEFAULT_FROM_EMAIL", "Foo, Bar <d@x.org>"),
        ("DEFAULT_FROM_EMAIL", "News <>"),
        ("REPLY_TO", "editors"),
        ("FEEDBACK_SENDER_ID", "a:b:ü"),
        ("CELERY_BROKER_URL", "foo"),
        ("EMAIL_BACKEND", "foo.Bar"),
        ("EMAIL_BACKEND", "anymail.backends.postmrk.EmailBackend"),
        ("INTENT_LEASE_SECONDS", "10"),
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


def test_anymails_numbers_and_switches_are_what_they_mean(tmp_path):
    shown = start(
        tmp_path,
        "ANYMAIL",
        ANYMAIL_REQUESTS_TIMEOUT="30",
        ANYMAIL_SEND_DEFAULTS='{"track_opens": false}',
        ANYMAIL_MAILGUN_API_KEY="123456789012",
        ANYMAIL_MAILJET_API_KEY="1e5",
        ANYMAIL_DEBUG_API_REQUESTS="false",
    ).stdout
    assert "'MAILJET_API_KEY': '1e5'" in shown
    assert "'DEBUG_API_REQUESTS': False" in shown
    assert "'REQUESTS_TIMEOUT': 30" in shown
    assert "'SEND_DEFAULTS': {'track_opens': False}" in shown
    assert "'MAILGUN_API_KEY': '123456789012'" in shown
    assert "'IGNORE_UNSUPPORTED_FEATURES': True" in shown


def test_a_domain_beyond_ascii_becomes_what_dns_has(tmp_path):
    shown = start(tmp_path, "BASE_URL", BASE_URL="https://zürich.example:8443").stdout
    assert shown == "'https://xn--zrich-kva.example:8443'\n"


@pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "STATIC_MANIFEST", "EMAIL_PORT", "BASE_URL"])
def test_an_empty_value_is_none_at_all(name, tmp_path):
    assert start(tmp_path, name, **{name: ""}).stdout == start(tmp_path, name).stdout


def test_a_server_that_is_slow_after_the_dot_makes_no_living_worker_look_dead(tmp_path):
    show = "INTENT_LEASE_SECONDS - settings.EMAIL_FINAL_TIMEOUT"
    for timeout in ("30", "600"):
        left = start(tmp_path, show, EMAIL_TIMEOUT="30", EMAIL_FINAL_TIMEOUT=timeout).stdout
        assert int(left) >= 60


@pytest.mark.parametrize("host", ["", "mail.example.org"])
def test_bounces_are_fetched_where_a_mailbox_is_named(host, tmp_path):
    shown = start(tmp_path, "CELERY_BEAT_SCHEDULE", BOUNCE_IMAP_HOST=host).stdout
    assert ("newsletter.tasks.fetch_bounces" in shown) is bool(host)


def test_sqlite_writes_ahead_and_locks_at_once(tmp_path):
    shown = start(tmp_path, "DATABASES").stdout
    assert "IMMEDIATE" in shown
    assert "journal_mode=WAL" in shown


def test_postgresql_keeps_statements_unless_a_pooler_forbids_it(tmp_path):
    show = "DATABASE['OPTIONS'].get('prepare_threshold')"
    assert start(tmp_path, show, **SHARED).stdout == "0\n"
    assert start(tmp_path, show, **SHARED, PREPARED_STATEMENTS="off").stdout == "None\n"


def test_postgresql_is_not_waited_for_without_end(tmp_path):
    shown = ast.literal_eval(
        start(
            tmp_path,
            "DATABASE['OPTIONS'] | {'pool': 0}",
            **SHARED | {"DATABASE_URL": f"{SHARED['DATABASE_URL']}?connect_timeout=3"},
        ).stdout
    )
    silent = shown["keepalives_idle"] + shown["keepalives_interval"] * shown["keepalives_count"]
    assert shown["keepalives"] == 1
    assert silent * 1_000 == shown["tcp_user_timeout"]
    assert silent < 30, "the janitor has half a minute to spare"
    assert shown["connect_timeout"] == 3, "what the address says comes first"
    assert start(tmp_path, "DATABASE['OPTIONS']['connect_timeout']", **SHARED).stdout == "10\n"


@pytest.mark.parametrize(("statements", "ours"), [("on", True), ("off", False)])
def test_nothing_is_set_on_a_connection_behind_a_pooler_that_hands_it_on(
    tmp_path, statements, ours
):
    shown = start(
        tmp_path, "DATABASE['OPTIONS']['pool']", **SHARED, PREPARED_STATEMENTS=statements
    ).stdout
    assert ("config.postgresql.Connection" in shown) is ours


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no such setting")
def test_postgresql_ends_a_transaction_that_a_frozen_machine_left_lying():
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("1min",)
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


@pytest.mark.parametrize("scheme", ["amqp", "amqps", "sqs"])
def test_a_broker_that_was_never_tried_is_refused_and_the_others_are_named(tmp_path, scheme):
    started = start(tmp_path, CELERY_BROKER_URL=f"{scheme}://guest@localhost//")
    assert started.returncode
    said = started.stderr.splitlines()[-1]
    for word in ("CELERY_BROKER_URL", "redis://", "filesystem://"):
        assert word in said


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"BASE_URL": "https://news.example.org"}, 31_536_000),
        ({"BASE_URL": "http://localhost:8000"}, 0),
        ({"BASE_URL": "https://news.example.org", "HSTS_SECONDS": "60"}, 60),
    ],
)
def test_browsers_insist_on_https_for_a_year_where_there_is_https(tmp_path, environment, seconds):
    assert start(tmp_path, "SECURE_HSTS_SECONDS", **environment).stdout == f"{seconds}\n"
