"""Counts in the admin are grouped as the language of the page groups them."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.utils import timezone, translation

from newsletter.admin.asking import left_out_sentence, reached_sentence
from newsletter.admin.forecast import Forecast
from newsletter.admin.ledger_views import summary
from newsletter.admin.settling import SETTLEMENTS
from newsletter.admin.tallies import tally
from newsletter.auditing import Books
from newsletter.models import Issue, MailerState
from newsletter.preflight import Outlook, pace_findings
from newsletter.rates import days
from tests.newsletter.admin_pages import text_of

ADMIN = Path(settings.BASE_DIR) / "newsletter" / "admin"
FORECAST = Forecast(audience=8000, paused=1234, without_story=2345)
TALLIED = SimpleNamespace(mails_done=8000, mails_sent=1234, mails_skipped=2345, mails_waiting=3456)
BOOKS = Books(audience=4690, sent=1234, waiting=3456)
OUTLOOK = Outlook(
    readers=4690,
    day=date(2026, 11, 20),
    room=1234,
    longest=timedelta(hours=2345),
    domain="",
    patience=timedelta(hours=24),
)


def asked_and_told(settlement):
    return settlement.ask(1234) + settlement.told(2345)


SENTENCES = {
    "reached": (lambda: reached_sentence(FORECAST), ["4421"]),
    "left out": (lambda: left_out_sentence(FORECAST), ["3579", "2345", "1234"]),
    "tally": (lambda: tally(TALLIED), ["1234", "2345", "4421", "3456"]),
    "books": (lambda: summary(Issue(), BOOKS), ["1234", "4690", "3456"]),
    "limits": (
        lambda: " ".join(finding.message for finding in pace_findings(OUTLOOK)),
        ["4690", "1234", "2345"],
    ),
    **{one.name: (partial(asked_and_told, one), ["1234", "2345"]) for one in SETTLEMENTS},
}


@pytest.mark.parametrize(("language", "mark", "other"), [("en", ",", "."), ("de", ".", ",")])
@pytest.mark.parametrize("name", SENTENCES)
def test_a_count_is_grouped_as_the_language_does(name, language, mark, other):
    say, counts = SENTENCES[name]
    with translation.override(language):
        said = say()
    for count in counts:
        assert f"{count[0]}{mark}{count[1:]}" in said
        assert f"{count[0]}{other}{count[1:]}" not in said


def test_no_count_is_grouped_by_hand():
    """A comma in a format is English, whatever the page speaks."""
    assert [file.name for file in ADMIN.glob("*.py") if ":,}" in file.read_text()] == []


@pytest.mark.django_db
def test_a_page_in_german_groups_in_german(admin_client, settings):
    settings.OUTGOING_MAILERS = (
        {"name": "relay", "backend": "newsletter.transport.SmtpBackend", "per_day": 100_000},
    )
    MailerState.objects.create(name="relay", day=days.day_of(timezone.now()), begun=1234)
    page = admin_client.get("/admin/newsletter/mailerstate/", headers={"Accept-Language": "de"})
    assert "1.234 von 100.000" in text_of(page)
    assert "100.000 Nachrichten pro Tag" in text_of(page)
