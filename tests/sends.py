"""Issues on their way, for tests of sending."""

from django.utils import timezone

from newsletter.sending import Drained, drain
from newsletter.steering import send_now
from tests.factories import make_issue, make_reader, make_story
from tests.smtp import Script, SmtpServer


def prepared(*sources, kind="daily", **fields):
    """Make a draft of today with one story of each source."""
    issue = make_issue(kind=kind, end=timezone.now().date(), **fields)
    for source in sources:
        make_story(issue, source)
    return issue


def sent(issue) -> Drained:
    """Send an issue to all of its readers now."""
    send_now(issue, now=timezone.now())
    return drain(issue.pk)


def through(server, settings) -> None:
    """Send mail by SMTP to a server of the test."""
    settings.EMAIL_BACKEND = settings.SMTP_BACKEND
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_TIMEOUT = settings.EMAIL_FINAL_TIMEOUT = 2


def one_message(script, settings, source):
    """Send a message to a server that follows a script; return all that came of it."""
    with SmtpServer(Script(script)) as server:
        through(server, settings)
        make_reader("ada@example.com")
        issue = prepared(source)
        done = sent(issue)
    return issue, issue.deliveries.get(), done, server
