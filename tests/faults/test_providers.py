"""Providers behind an HTTP interface whose answers are late, lost, senseless or a refusal."""

from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter import steering
from newsletter.sending import drain
from newsletter.ticking import tick
from tests.factories import make_reader, make_source
from tests.faults.provider import USUAL, Provider
from tests.faults.reckoning import an_hour_passes, reckon
from tests.providers import Plan, response
from tests.sends import prepared, through
from tests.smtp import Script, SmtpServer

pytestmark = pytest.mark.django_db

READERS = 4
ASKED_SECONDS = 7_200


@pytest.fixture
def issue():
    for number in range(READERS):
        make_reader(f"reader{number}@example.com")
    issue = prepared(make_source("The Rope Yard"))
    steering.send_now(issue, now=timezone.now())
    return issue


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (b"", "silence"),
        (b"", "drop"),
        (b"", "reset"),
        (response("500 Internal Server Error", b"{}"), ""),
        (response("502 Bad Gateway", b"<h1>Bad Gateway</h1>"), ""),
        (response("504 Gateway Timeout", b""), ""),
        (response("200 OK", b"<h1>It works!</h1>"), ""),
        (response("200 OK", b"{}"), ""),
        (response("200 OK", b""), ""),
    ],
    ids=["silence", "drop", "reset", "500", "502", "504", "a page", "no words", "no body"],
)
def test_a_provider_whose_answer_is_lost_or_senseless_leaves_a_doubt(
    answer, end, taken, issue, settings
):
    with Provider(USUAL, Plan(answer, taken, end)) as provider:
        provider.use(settings)
        for _ in range(3):
            drain(issue.pk)
            an_hour_passes()
    assert sorted(provider.heard) == [f"reader{n}@example.com" for n in range(READERS)]
    reckon(issue, provider.taken, sent=READERS - 1, ambiguous=1)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_provider_that_asks_for_time_gets_it(status, issue, settings):
    later = response(status, b"{}", f"Retry-After: {ASKED_SECONDS}")
    with Provider(USUAL, Plan(later, taken=False)) as provider:
        provider.use(settings)
        drain(issue.pk)
        reckon(issue, provider.taken, sent=1, pending=READERS - 1)
        refused = issue.deliveries.get(state="pending", attempts=1)
        assert refused.due_at > timezone.now() + timedelta(seconds=ASKED_SECONDS - 60)
        for _ in range(ASKED_SECONDS // 3_600):
            drain(issue.pk)
            assert len(provider.heard) == 2, "nothing is asked of it meanwhile"
            an_hour_passes()
        drain(issue.pk)
    reckon(issue, provider.taken, sent=READERS)


def a_key_that_is_wrong(settings):
    refusal = response("401 Unauthorized", b'{"errors": ["wrong token"]}')
    provider = Provider(USUAL, Plan(refusal, taken=False))
    provider.use(settings)
    return provider, lambda: provider.taken


def a_password_that_is_wrong(settings):
    script = {
        "helo": ["250-mail.example\r\n250 AUTH PLAIN"] * 9,
        "auth": ["235 2.7.0 welcome", "535 5.7.8 wrong password"],
        # The first conversation ends after its message, so that somebody logs in again.
        "mail": ["250 ok", "421 4.3.2 that was enough"],
    }
    server = SmtpServer(Script(script))
    through(server, settings)
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "us", "made up"
    return server, lambda: [recipient for recipient, _ in server.taken]


@pytest.mark.parametrize("backend", [a_key_that_is_wrong, a_password_that_is_wrong])
def test_bad_credentials_pause_the_issue_and_give_the_rows_back(backend, issue, settings):
    server, taken = backend(settings)
    with server:
        drain(issue.pk)
        reckon(issue, taken(), sent=1, pending=READERS - 1)
        assert issue.state == "paused"
        assert "wrong" in issue.state_reason
        an_hour_passes()
        assert tick(timezone.now()) == [], "nobody tries again before somebody has helped"
        steering.resume(issue, now=timezone.now())
        drain(issue.pk)
    reckon(issue, taken(), sent=READERS)
