"""What follows from servers' words for the ledger, the mailer's state, the issue and the log."""

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter import heeding, ledger, mailers
from newsletter.models import Delivery, MailerState
from newsletter.retrying import result_of
from newsletter.states import DeliveryState
from newsletter.steering import send_now
from newsletter.transport import Outcome, Verdict
from tests.deliveries import NOW, make_delivery, sending_issue
from tests.factories import make_reader, make_source
from tests.sends import prepared, sent, through
from tests.smtp import Script, SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make_source("The Rope Yard")


@pytest.fixture
def doubt():
    return make_delivery(sending_issue(), DeliveryState.SENDING)


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ({"dot": ["250 ok\0 taken"]}, DeliveryState.SENT),
        ({"dot": ["554 \0 \x1b[31m no\u202e"]}, DeliveryState.FAILED),
        ({"dot": ["hello\0"]}, DeliveryState.AMBIGUOUS),
        ({"mail": ["550 5.7.1 \0 not you"]}, DeliveryState.PENDING),
    ],
)
def test_no_octet_of_a_reply_hinders_that_it_is_settled(script, state, settings, source):
    make_reader("ada@example.com")
    issue = prepared(source)
    with SmtpServer(Script(script)) as server:
        through(server, settings)
        sent(issue)
    delivery = issue.deliveries.get()
    assert delivery.state == state
    assert (delivery.reply + delivery.reason).isprintable()
    issue.refresh_from_db()
    assert issue.state_reason.isprintable()
    assert all(row.reason.isprintable() for row in MailerState.objects.all())


# What PostgreSQL takes for no text stands among all other characters.
words = st.text(st.sampled_from("\0\ud800\x85 .@") | st.characters(), max_size=900)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words, st.sampled_from(Verdict))
def test_whatever_a_server_says_the_database_takes_it(doubt, words, verdict):
    outcome = Outcome(verdict, words)
    (mailer,) = mailers.configured()
    with transaction.atomic():
        assert ledger.settle(doubt.pk, doubt.token, result_of(outcome, attempts=1, now=NOW))
        assert heeding.give_up(mailer, doubt.issue, words or "silence", now=NOW)
        row = Delivery.objects.get()
        assert outcome.reply[:250] in row.reply + row.reason
        assert MailerState.objects.get().reason == doubt.issue.state_reason
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    "script",
    [
        {"dot": ["554 5.7.1 <ada@example.com> does not want this"] * heeding.REFUSALS_IN_A_ROW},
        {"mail": ["550 5.7.1 nothing for ada@example.com from you"]},
        {"dot": ["hello ada@example.com"]},
    ],
)
def test_an_address_in_a_servers_words_stays_in_the_readers_row(
    script, settings, source, capsys, caplog
):
    for _ in range(heeding.REFUSALS_IN_A_ROW):
        make_reader()
    with SmtpServer(Script(script)) as server:
        through(server, settings)
        issue = prepared(source)
        send_now(issue, now=timezone.now())
        call_command("run_delivery", "--once")
    issue.refresh_from_db()
    assert "ada@" in "".join(issue.deliveries.values_list("reason", flat=True))
    kept = [issue.state_reason, *MailerState.objects.values_list("reason", flat=True)]
    assert any(kept)
    assert "ada" not in "".join(kept) + "".join(capsys.readouterr()) + caplog.text


def test_an_address_is_not_told_where_the_issue_was_stopped_already(source, caplog):
    issue = prepared(source)
    heeding.pause_for_operator(issue, "554 <ada@example.com> no", timezone.now())
    assert "already stopped: 554 <…> no" in caplog.text


def line_after(*outcomes):
    """Return a line on which messages fared so."""
    line = heeding.Line(mailers.configured()[0], mailers.connection_of(mailers.configured()[0]))
    for outcome in outcomes:
        line.begun += 1
        line.note(outcome)
    return line


THEIRS = Outcome(Verdict.REFUSED, about_recipient=True)
OURS = Outcome(Verdict.REFUSED)


def test_refusals_of_single_recipients_stop_nothing_however_many_they_are():
    gone = Outcome(Verdict.REFUSED, no_such_address=True)
    assert not line_after(*[THEIRS, gone] * 5 * heeding.REFUSALS_IN_A_ROW).is_refused


def test_refusals_of_single_recipients_do_not_hide_those_that_are_about_us():
    assert line_after(*[OURS, THEIRS] * heeding.REFUSALS_IN_A_ROW).is_refused
    assert not line_after(*[OURS, THEIRS] * (heeding.REFUSALS_IN_A_ROW - 1)).is_refused
