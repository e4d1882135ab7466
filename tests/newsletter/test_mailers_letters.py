"""Letters go by the first mailer that takes them, and never by two."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.utils import timezone

from newsletter import mailers
from newsletter.mailers.letters import LetterNotSent
from newsletter.models import MailerState
from subscribers.answering import RETRY_MINUTES, answer
from subscribers.choices import Choices
from subscribers.models import ConsentEvent, Subscriber
from subscribers.subscribing import subscribe
from tests.smtp import DROP, DROP_AFTER_TAKING, Script, SmtpServer, closed_port

pytestmark = pytest.mark.django_db

SMTP = "newsletter.transport.SmtpBackend"
POSTMARK = "anymail.backends.postmark.EmailBackend"
ADDRESS = "ada@example.com"


@pytest.fixture
def servers(settings):
    """Two servers, which are the mailers first and second."""
    settings.EMAIL_TIMEOUT = settings.EMAIL_FINAL_TIMEOUT = 2
    with SmtpServer() as first, SmtpServer() as second:
        ways(settings, first.port, second.port)
        yield first, second


def ways(settings, *ports):
    settings.EMAIL_BACKEND = settings.LETTERS_BACKEND
    settings.OUTGOING_MAILERS = tuple(
        {
            "name": name,
            "backend": SMTP,
            "options": {"host": "127.0.0.1", "port": port},
            "share": int(name == "first"),
        }
        for name, port in zip(("first", "second"), ports, strict=True)
    )


def letter():
    return EmailMessage("Hello", "text", "us@example.org", [ADDRESS])


def state(name):
    return MailerState.objects.get(name=name)


def test_a_letter_goes_by_the_first_mailer(servers):
    first, second = servers
    assert letter().send() == 1
    assert [taken for taken, _ in first.taken] == [ADDRESS]
    assert second.taken == []


@pytest.mark.parametrize(
    "answers",
    [
        {"connect": ["421 4.3.2 closing"]},
        {"connect": [DROP]},
        {"connect": ["554 5.7.1 go away"]},
        {"mail": ["550 5.7.1 not you"]},
    ],
)
def test_a_letter_goes_on_where_the_mailer_is_what_fails(answers, servers):
    first, second = servers
    first.script = Script(answers)
    assert letter().send() == 1
    assert first.taken == []
    assert len(second.taken) == 1


@pytest.mark.parametrize(
    ("answers", "taken"),
    [
        ({"rcpt": ["450 4.2.1 later"]}, 0),
        ({"rcpt": ["550 5.7.1 no"]}, 0),
        ({"data": ["452 4.3.1 full"]}, 0),
        ({"dot": ["554 5.7.1 spam"]}, 0),
        ({"dot": [DROP]}, 0),
        ({"dot": [DROP_AFTER_TAKING]}, 1),
        ({"mail": [DROP]}, 0),
    ],
)
def test_a_letter_stays_where_it_may_have_been_taken_or_is_what_fails(answers, taken, servers):
    first, second = servers
    first.script = Script(answers)
    with pytest.raises(LetterNotSent) as caught:
        letter().send()
    assert (len(first.taken), second.taken) == (taken, [])
    assert caught.value.recipients == {}


def test_neither_log_nor_error_say_to_whom_a_letter_went(servers, caplog):
    servers[0].script = Script({"rcpt": [f"550 5.1.1 <{ADDRESS}> unknown"]})
    with pytest.raises(LetterNotSent) as caught:
        letter().send()
    assert ADDRESS not in str(caught.value) + caplog.text
    assert "first" in caplog.text


def test_what_is_kept_of_a_mailers_fault_says_not_to_whom_a_letter_went(servers):
    servers[0].script = Script({"dot": [f"hello <{ADDRESS}>"]})
    with pytest.raises(LetterNotSent):
        letter().send()
    assert "hello <…>" in state("first").reason


def test_who_wants_no_errors_gets_the_number_of_letters_that_went(servers):
    servers[0].script = Script({"rcpt": ["450 4.2.1 later"]})
    connection = mail.get_connection(fail_silently=True)
    assert connection.send_messages([letter(), letter(), EmailMessage("To nobody")]) == 1


def test_a_mailer_that_is_down_rests_for_issues_too(servers, settings):
    ways(settings, closed_port(), servers[1].port)
    letter().send()
    assert state("first").failures == 1
    assert mailers.usable(timezone.now()) == []
    letter().send()
    assert state("first").failures == 1
    assert len(servers[1].taken) == 2


def test_a_letter_that_one_mailer_halts_says_nothing_of_issues(servers):
    servers[0].script = Script({"mail": ["550 5.7.1 not you"]})
    letter().send()
    assert not MailerState.objects.exists()


def test_a_letter_finds_out_that_a_mailer_works_again(servers):
    rested = timezone.now() - timedelta(minutes=1)
    mailers.rest(mailers.configured()[0], "down", now=rested - timedelta(minutes=1))
    letter().send()
    assert len(servers[0].taken) == 1
    assert state("first").rests_until is None


def test_a_mailer_to_be_tried_that_a_letter_did_not_need_is_left_to_others(servers, settings):
    long_ago = timezone.now() - timedelta(hours=1)
    settings.OUTGOING_MAILERS = tuple({**one, "share": 1} for one in settings.OUTGOING_MAILERS)
    mailers.rest(mailers.configured()[1], "down", now=long_ago)
    letter().send()
    assert state("second").rests_until <= timezone.now()


def test_where_every_mailer_rests_a_letter_waits(servers):
    for mailer in mailers.configured():
        mailers.rest(mailer, "429", now=timezone.now())
    with pytest.raises(LetterNotSent, match="no mailer can be used now"):
        letter().send()
    assert servers[0].taken == servers[1].taken == []


def test_a_mailer_that_cannot_be_made_is_passed_over(servers, settings):
    _first, second = settings.OUTGOING_MAILERS
    settings.OUTGOING_MAILERS = ({"name": "broken", "backend": POSTMARK}, second)
    assert letter().send() == 1
    assert len(servers[1].taken) == 1


def test_letters_do_not_wait_for_rates(servers, settings):
    settings.OUTGOING_MAILERS = tuple(
        {**one, "per_second": 0.001, "per_day": 1} for one in settings.OUTGOING_MAILERS
    )
    assert mail.get_connection().send_messages([letter() for _ in range(5)]) == 5


# --- What the sign-up makes of it -----------------------------------------------------------


@pytest.fixture
def asked(servers):
    subscribe(ADDRESS, Choices(), now=timezone.now())
    return Subscriber.objects.get()


def test_a_confirmation_goes_by_the_second_where_the_first_is_down(asked, servers, settings):
    ways(settings, closed_port(), servers[1].port)
    assert answer(asked.pk, now=timezone.now())
    assert [taken for taken, _ in servers[1].taken] == [ADDRESS]
    assert ConsentEvent.objects.get().answered_at


def test_a_confirmation_that_nobody_took_is_tried_again_later(asked, servers, settings):
    ways(settings, closed_port(), closed_port())
    now = timezone.now()
    with pytest.raises(LetterNotSent):
        answer(asked.pk, now=now)
    ways(settings, servers[0].port, servers[1].port)
    MailerState.objects.all().delete()
    assert not answer(asked.pk, now=now)
    assert answer(asked.pk, now=now + timedelta(minutes=RETRY_MINUTES[0]))
    assert len(servers[0].taken) == 1


def test_a_confirmation_to_an_address_that_does_not_exist_is_given_up(asked, servers):
    servers[0].script = Script({"rcpt": ["550 5.1.1 nobody"]})
    assert not answer(asked.pk, now=timezone.now())
    assert ConsentEvent.objects.get().answered_at
    assert servers[0].taken == servers[1].taken == []
