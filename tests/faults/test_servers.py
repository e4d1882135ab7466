"""Mail servers that drop, refuse, hang or end the conversation."""

from time import monotonic

import pytest
from django.conf import settings as defaults
from django.utils import timezone

from newsletter.sending import drain
from newsletter.steering import send_now
from tests.factories import make_reader, make_source
from tests.faults.reckoning import an_hour_passes, reckon
from tests.sends import prepared, through
from tests.smtp import DROP, DROP_AFTER_TAKING, HANG, HANG_SECONDS, Script, SmtpServer

pytestmark = pytest.mark.django_db

READERS = 6


class Counting(Script):
    """Answers as told, and counts how often each step was asked for."""

    def __init__(self, answers):
        super().__init__(answers)
        self.asked = []

    def answer(self, step, usual):
        self.asked.append(step)
        return super().answer(step, usual)


@pytest.fixture
def issue():
    for number in range(READERS):
        make_reader(f"reader{number}@example.com")
    issue = prepared(make_source("The Rope Yard"))
    send_now(issue, now=timezone.now())
    return issue


@pytest.fixture
def serve(settings):
    """Start a server that answers by a script, and send mail through it."""
    servers = []

    def started(**answers):
        server = SmtpServer(Counting(answers))
        through(server, settings)
        servers.append(server.__enter__())
        return server

    yield started
    for server in servers:
        server.__exit__()


def taken_by(server):
    return [recipient for recipient, _ in server.taken]


def drain_until_done(issue, hours=3):
    for _ in range(hours):
        drain(issue.pk)
        an_hour_passes()


@pytest.mark.parametrize("step", ["helo", "mail", "rcpt", "data", "dot", "dot, after taking"])
def test_a_drop_after_the_final_dot_is_doubtful_and_one_before_it_is_tried_again(
    step, issue, serve
):
    name, _, takes = step.partition(",")
    usual = {"helo": "250 mail.example", "data": "354 go on"}.get(name, "250 ok")
    drop = DROP_AFTER_TAKING if takes else DROP
    # The second message of six; HELO is said once a connection.
    server = serve(**{name: [drop] if name == "helo" else [usual, drop]})
    drain_until_done(issue)
    if name == "dot":
        assert len(server.taken) == READERS - (not takes)
        reckon(issue, taken_by(server), sent=READERS - 1, ambiguous=1)
    else:
        reckon(issue, taken_by(server), sent=READERS)


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_a_421_in_mid_session_opens_a_new_one_and_harms_no_other_message(step, issue, serve):
    usual = "354 go on" if step == "data" else "250 ok"
    server = serve(**{step: [usual, usual, "421 4.3.2 that was enough"]})
    drain(issue.pk)
    reckon(issue, taken_by(server), sent=READERS - 1, pending=1)
    assert server.script.asked.count("connect") == 2
    drain_until_done(issue)
    reckon(issue, taken_by(server), sent=READERS)


def test_a_recipient_who_is_refused_takes_nobody_along(issue, serve):
    # Django reports success where a server took a message for one of two recipients.
    server = serve(rcpt=["250 ok", "550 5.7.1 not this one", "450 4.2.1 busy"])
    drain(issue.pk)
    reckon(issue, taken_by(server), sent=READERS - 2, failed=1, pending=1)
    assert server.script.asked.count("mail") == server.script.asked.count("rcpt")
    failed = issue.deliveries.get(state="failed")
    assert (failed.subscriber.email, failed.reason) == (
        "reader1@example.com",
        "refused: 550 5.7.1 not this one",
    )


@pytest.mark.parametrize("answer", [DROP, "421 4.3.2 closing", "500 5.5.1 what?", "no code"])
def test_an_error_at_quit_does_not_unsend_what_was_accepted(answer, issue, serve):
    server = serve(quit=[answer])
    drain(issue.pk)
    assert "quit" in server.script.asked
    reckon(issue, taken_by(server), sent=READERS)


@pytest.mark.parametrize("step", ["connect", "helo", "mail", "rcpt", "data", "dot"])
def test_a_server_that_hangs_is_given_up_at_every_step(step, issue, serve, settings):
    server = serve(**{step: [HANG]})
    # Django waits for ever unless it is told otherwise.
    assert 0 < defaults.EMAIL_TIMEOUT <= defaults.EMAIL_FINAL_TIMEOUT
    settings.EMAIL_TIMEOUT = settings.EMAIL_FINAL_TIMEOUT = 0.3
    began = monotonic()
    drain_until_done(issue)
    assert monotonic() - began < HANG_SECONDS / 2, "it was the server that gave up"
    doubtful = int(step == "dot")
    counts = {"sent": READERS - doubtful} | ({"ambiguous": 1} if doubtful else {})
    reckon(issue, taken_by(server), **counts)
