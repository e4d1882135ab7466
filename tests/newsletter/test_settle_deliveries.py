"""The command that settles doubtful messages by the mail server's log."""

import gzip
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from newsletter import mailers
from newsletter.models import Delivery, DeliveryEvent, Issue
from newsletter.sending import drain
from newsletter.settling import Answer, look_up, settle, settle_by_log
from newsletter.states import DeliveryState, IssueState
from tests.deliveries import make_delivery, sending_issue, state_of
from tests.sends import through
from tests.smtp import DROP, DROP_AFTER_TAKING, Script, SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def issue():
    return sending_issue()


@pytest.fixture
def doubtful(issue):
    return [
        make_delivery(issue, DeliveryState.AMBIGUOUS, mailer="relay", deadline=timezone.now())
        for _ in range(3)
    ]


def line(delivery):
    return f"1vL-0 <= b@x id={delivery.uid}@news.example.org\n".encode()


def unclear(delivery):
    named = f"message-id=<{delivery.uid}@news.example.org>"
    return f"Nov 20 07:00:01 mx postfix/cleanup[1]: 4Q1ab: {named}\n".encode()


@pytest.fixture
def log(tmp_path, doubtful):
    """A log that has the first message, and the header of the second."""
    path = tmp_path / "mail.log"
    path.write_bytes(b"\xff\xfe rubbish\0\n" + line(doubtful[0]) + unclear(doubtful[1]))
    return path


def run(issue, *logs, **options):
    call_command("settle_deliveries", issue.slug, log=list(logs), **options)


def test_what_the_log_has_was_sent_and_the_rest_stays_doubtful(issue, doubtful, log, capsys):
    run(issue, log)
    assert [state_of(row) for row in doubtful] == ["sent", "ambiguous", "ambiguous"]
    told = capsys.readouterr().out
    assert "3 doubtful" in told
    assert told.endswith("Settled: 1 sent, 0 not taken. Still doubtful: 2.\n")
    assert DeliveryEvent.objects.get().detail == "the server's log has it"


def test_with_a_complete_log_what_left_no_trace_is_sent_again(issue, doubtful, log, capsys):
    run(issue, log, complete=True)
    assert [state_of(row) for row in doubtful] == ["sent", "ambiguous", "pending"]
    assert "Settled: 1 sent, 1 not taken. Still doubtful: 1." in capsys.readouterr().out
    row = Delivery.objects.get(state="pending")
    assert (row.mailer, row.token) == ("", None)
    assert row.deadline > timezone.now() + timedelta(hours=23)


def test_of_a_closed_issue_what_was_not_taken_has_failed(issue, doubtful, log):
    Issue.objects.update(state=IssueState.SENT)
    run(issue, log, complete=True)
    assert [state_of(row) for row in doubtful] == ["sent", "ambiguous", "failed"]


def test_a_dry_run_says_what_would_be_and_changes_nothing(issue, doubtful, log, capsys):
    run(issue, log, complete=True, dry_run=True)
    assert {state_of(row) for row in doubtful} == {"ambiguous"}
    told = capsys.readouterr().out.splitlines()
    assert [text.split() for text in told[1:4]] == [
        ["sent", "on", "1"],
        ["named,", "and", "nobody", "says", "what", "became", "of", "it", "1"],
        ["not", "named", "at", "all", "1"],
    ]
    assert told[-1] == "Nothing was changed."


def test_to_settle_again_changes_nothing(issue, doubtful, log, capsys):
    for _ in range(2):
        run(issue, log)
    assert "Settled: 0 sent" in capsys.readouterr().out
    assert DeliveryEvent.objects.count() == 1


def test_several_logs_are_one_also_compressed_ones(issue, doubtful, log, tmp_path):
    older = tmp_path / "mail.log.1.gz"
    older.write_bytes(gzip.compress(line(doubtful[2])))
    run(issue, older, log)
    assert [state_of(row) for row in doubtful] == ["sent", "ambiguous", "sent"]


@pytest.mark.parametrize(
    "raw",
    [None, gzip.compress(b"x" * 1000)[:-9], b"\x1f\x8brubbish"],
    ids=["missing", "torn", "rubbish"],
)
def test_a_log_that_cannot_be_read_to_its_end_settles_nothing(issue, doubtful, log, tmp_path, raw):
    broken = tmp_path / "broken.gz"
    if raw is not None:
        broken.write_bytes(raw)
    with pytest.raises(CommandError, match=r"broken.gz cannot be read, so nothing was changed"):
        run(issue, log, broken, complete=True)
    assert {state_of(row) for row in doubtful} == {"ambiguous"}


def test_an_unknown_issue_is_named(log):
    with pytest.raises(CommandError, match="There is no issue daily-1999-01-01"):
        call_command("settle_deliveries", "daily-1999-01-01", log=[log])


def test_one_mailers_log_does_not_say_what_another_took(issue, doubtful, log):
    elsewhere = make_delivery(issue, DeliveryState.AMBIGUOUS, mailer="postmark")
    with pytest.raises(CommandError, match="name one of postmark, relay with --mailer"):
        run(issue, log, complete=True)
    assert {state_of(row) for row in [*doubtful, elsewhere]} == {"ambiguous"}
    run(issue, log, complete=True, mailer="relay")
    assert [state_of(row) for row in [*doubtful, elsewhere]] == [
        "sent",
        "ambiguous",
        "pending",
        "ambiguous",
    ]


def test_what_became_doubtful_while_the_log_was_read_is_not_settled_by_it(issue, doubtful):
    found = look_up(issue, [line(doubtful[0])])
    late = make_delivery(issue, DeliveryState.AMBIGUOUS)
    settle_by_log(issue, found, complete=True, now=timezone.now())
    assert state_of(late) == "ambiguous"


def test_a_log_says_nothing_of_a_doubt_that_came_after_it_was_read(issue, settings):
    # The first server took nothing, and its log says so.
    with SmtpServer(Script({"dot": [DROP, DROP_AFTER_TAKING]})) as server:
        through(server, settings)
        row = make_delivery(issue, DeliveryState.PENDING)
        drain(issue.pk)
        found = look_up(issue, [])
        # While it is read, an operator has the message sent again: it is taken, and doubtful.
        settle(Answer.SEND_AGAIN, Delivery.objects.all(), by="ada", now=timezone.now())
        mailers.wake("default")
        drain(issue.pk)
        settle_by_log(issue, found, complete=True, now=timezone.now())
        assert state_of(row) == "ambiguous"
        mailers.wake("default")
        drain(issue.pk)
    assert server.ids() == [str(row.uid)]


def test_what_a_log_has_was_taken_whenever_it_became_doubtful(issue, doubtful):
    found = look_up(issue, [line(doubtful[0])])
    Delivery.objects.update(token=uuid4())
    settle_by_log(issue, found, complete=True, now=timezone.now())
    assert [state_of(row) for row in doubtful] == ["sent", "ambiguous", "ambiguous"]
