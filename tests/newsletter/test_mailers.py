"""Which mailers there are, which takes the next messages, and what is told of wrong ones."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from hypothesis import given
from hypothesis import strategies as st

from newsletter import mailers
from newsletter.mailers import Mailer, WarmUp
from newsletter.management.commands.demo import ways_out
from newsletter.transport import SmtpBackend, Verdict, post
from tests.smtp import Script, SmtpServer

POSTMARK = "anymail.backends.postmark.EmailBackend"
LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
SMTP = "newsletter.transport.SmtpBackend"
SECRET = "hemmelig-4711"
START = date(2026, 11, 20)


def named(*shares):
    return [
        Mailer(name, LOCMEM, share=share) for name, share in zip("abcdef", shares, strict=False)
    ]


# --- Which there are ------------------------------------------------------------------------


def test_without_mailers_there_is_one_made_of_the_settings_as_they_are(settings):
    settings.EMAIL_BACKEND = settings.SMTP_BACKEND
    settings.EMAIL_HOST, settings.EMAIL_PORT = "smtp.example.org", 587
    settings.MAILER_LIMITS = {"per_second": 2.0, "warm_up": (START, 50, 1.5)}
    (only,) = mailers.configured()
    assert (only.name, only.share, only.per_second) == ("default", 1, 2.0)
    assert only.warm_up == WarmUp(START, 50, 1.5)
    connection = mailers.connection_of(only)
    assert isinstance(connection, SmtpBackend)
    assert (connection.host, connection.port) == ("smtp.example.org", 587)


def test_a_mailers_connection_has_its_options(settings):
    settings.EMAIL_HOST_USER = "somebody"
    settings.OUTGOING_MAILERS = (
        {"name": "relay", "backend": SMTP, "options": {"host": "h", "port": 26, "username": ""}},
        {"name": "postmark", "backend": POSTMARK, "options": {"server_token": "made up"}},
    )
    relay, postmark = [mailers.connection_of(mailer) for mailer in mailers.configured()]
    assert (relay.host, relay.port, relay.username) == ("h", 26, "")
    assert postmark.server_token == "made up"


def test_what_stands_in_options_is_not_shown_with_a_mailer():
    assert SECRET not in repr(Mailer("a", SMTP, {"password": SECRET}))


@pytest.mark.parametrize(
    ("backend", "options", "error"),
    [
        ("no.such.Backend", {}, ImportError),
        ("newsletter.transport.NoSuchBackend", {}, ImportError),
        (POSTMARK, {}, ImproperlyConfigured),
        ("tests.newsletter.test_mailers.Picky", {"key": SECRET}, ImproperlyConfigured),
        ("tests.newsletter.test_mailers.Picky", {"other": SECRET}, ImproperlyConfigured),
    ],
)
def test_a_mailer_that_cannot_be_made_says_so_without_its_secrets(backend, options, error):
    with pytest.raises(error) as caught:
        mailers.connection_of(Mailer("a", backend, options))
    assert SECRET not in str(caught.value)


class Picky:
    """A backend that takes one option, and shows it where it does not like it."""

    def __init__(self, fail_silently: bool = False, key: str = "") -> None:
        raise ValueError(f"{key!r} is no key")


# --- Which is next --------------------------------------------------------------------------


def test_mailers_are_picked_by_their_shares():
    taken = Counter(mailers.pick(named(3, 1, 0)).name for _ in range(4000))
    assert taken["c"] == 0
    # Ten standard deviations of a fair draw.
    assert abs(taken["a"] - 3000) < 275


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_a_fallback_is_picked_only_where_nothing_else_is_usable(shares):
    usable = named(*shares)
    picked = mailers.pick(usable)
    assert picked in usable
    assert picked.share if any(shares) else picked is usable[0]


def test_what_this_worker_is_to_try_comes_first():
    first, second = named(1, 0)
    probing = replace(second, probe_until=datetime(2026, 11, 20, tzinfo=UTC))
    assert {mailers.pick([first, probing]).name for _ in range(20)} == {"b"}


# --- How fast a new sender grows ------------------------------------------------------------


def test_a_warm_up_begins_with_the_first_day_and_grows_each_day():
    plan = WarmUp(START, 50, 1.5)
    days = [START + timedelta(days=n) for n in (-1, 0, 1, 2, 3)]
    assert [plan.allowance(day) for day in days] == [50, 50, 75, 112, 168]


@given(st.integers(1, 10**8), st.floats(1, 10), st.integers(0, 40_000))
def test_a_warm_up_never_shrinks_and_never_overflows(first_day, growth, days):
    plan = WarmUp(START, first_day, growth)
    today, tomorrow = (plan.allowance(START + timedelta(days=n)) for n in (days, days + 1))
    assert 1 <= first_day <= today <= tomorrow < 2**31


# --- Whether mail leaves --------------------------------------------------------------------


def test_mail_leaves_where_any_way_leads_out(settings):
    mailbox = {"name": "here", "backend": settings.MAILBOX_BACKEND}
    settings.EMAIL_BACKEND = settings.MAILBOX_BACKEND
    assert not mailers.leaves_house()
    settings.OUTGOING_MAILERS = (mailbox,)
    settings.EMAIL_BACKEND = settings.LETTERS_BACKEND
    assert not mailers.leaves_house()
    settings.OUTGOING_MAILERS = (mailbox, {"name": "out", "backend": SMTP})
    assert mailers.leaves_house()
    settings.OUTGOING_MAILERS = (mailbox,)
    settings.EMAIL_BACKEND = settings.SMTP_BACKEND
    assert mailers.leaves_house()


def test_a_newcomer_is_told_what_mail_goes_out_through(settings):
    settings.EMAIL_BACKEND = settings.SMTP_BACKEND
    assert ways_out() == settings.SMTP_BACKEND
    settings.OUTGOING_MAILERS = tuple({"name": name, "backend": SMTP} for name in ("one", "two"))
    assert ways_out() == "one, two"


# --- What is told before anything is sent ---------------------------------------------------


def found_by_checks(**kwargs):
    return [one for one in run_checks(**kwargs) if (one.id or "").startswith("newsletter.")]


@pytest.mark.parametrize(
    ("backend", "options", "told"),
    [
        (POSTMARK, {"server_token": "made up"}, ""),
        (POSTMARK, {"server_token": "made up", "api_url": "https://x/"}, ""),
        (POSTMARK, {"server_token": "made up", "sever_token": SECRET}, "no option 'sever_token'"),
        (POSTMARK, {}, "POSTMARK_SERVER_TOKEN"),
        ("anymail.backends.mailgun.EmailBackend", {"api_key": "k", "sender_domain": "d"}, ""),
        ("anymail.backends.brevo.EmailBackend", {"api_key": "k", "host": "h"}, "'host'"),
        ("anymail.backends.postmark.NoSuch", {}, "NoSuch"),
        (SMTP, {"host": "h", "port": 26, "username": "u", "password": SECRET}, ""),
        (SMTP, {"host": "h", "pasword": SECRET}, "no option 'pasword'"),
        (LOCMEM, {}, ""),
        (LOCMEM, {"key": SECRET}, "no option 'key'"),
        ("tests.newsletter.test_mailers.Picky", {"key": SECRET}, "does not take these options"),
    ],
)
def test_options_that_do_not_fit_are_reported_without_their_values(
    backend, options, told, settings
):
    settings.OUTGOING_MAILERS = ({"name": "eu-relay", "backend": backend, "options": options},)
    found = found_by_checks()
    assert [one.id for one in found] == (["newsletter.E002"] if told else [])
    for one in found:
        assert told in one.msg
        assert one.msg.startswith("The mailer eu-relay cannot be used")
        assert "MAILER_EU_RELAY_OPTIONS" in (one.hint or "")
        assert SECRET not in str(one)


def test_a_provider_among_the_mailers_wants_its_reports_heard(settings):
    settings.EMAIL_BACKEND = settings.LETTERS_BACKEND
    relay = {"name": "relay", "backend": SMTP, "options": {"host": "h"}}
    postmark = {"name": "postmark", "backend": POSTMARK, "options": {"server_token": "made up"}}
    settings.OUTGOING_MAILERS = (relay,)
    assert found_by_checks(include_deployment_checks=True) == []
    settings.OUTGOING_MAILERS = (relay, postmark)
    (found,) = found_by_checks(include_deployment_checks=True)
    assert found.id == "newsletter.W001"


# --- Over a wire ----------------------------------------------------------------------------


def test_a_mailer_logs_in_with_its_own_password_at_its_own_server(settings):
    settings.EMAIL_HOST, settings.EMAIL_HOST_USER = "other.example.org", "somebody else"
    settings.EMAIL_TIMEOUT = 2
    with SmtpServer(Script({"helo": ["250-mail.example\r\n250 AUTH PLAIN"]})) as server:
        options = {"host": "127.0.0.1", "port": server.port, "username": "u", "password": "p"}
        connection = mailers.connection_of(Mailer("relay", SMTP, options))
        outcome = post(connection, EmailMessage("s", "b", "us@example.org", ["ada@example.com"]))
        connection.close()
    assert outcome.verdict is Verdict.ACCEPTED
    assert len(server.taken) == 1
