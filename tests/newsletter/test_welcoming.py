"""A new reader's first mail: the latest issue that has something for them, once."""

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from newsletter import sending, steering, tasks, ticking, welcoming
from newsletter.auditing import books, imbalances
from newsletter.models import Delivery, Issue
from newsletter.states import DeliveryState, IssueState
from newsletter.welcoming import WELCOME_WITHIN, welcome, welcome_due
from subscribers import subscribing
from subscribers.choices import Choices
from subscribers.models import ConsentEvent, Mute, Subscriber
from tests.factories import make_issue, make_reader, make_source, make_story

pytestmark = pytest.mark.django_db

TODAY = timezone.now().date()


@pytest.fixture
def source():
    return make_source("The Rope Yard")


def published(*sources, kind="daily", days_ago=0, state=IssueState.SENT):
    """Make an issue that went out, with one story of each source, to nobody yet."""
    day = timezone.now().date() - timedelta(days=days_ago)
    issue = make_issue(kind, day)
    for one in sources:
        make_story(issue, one, headline=f"{issue.slug} of {one.name}")
    steering.send_now(issue, now=timezone.now(), confirmed_late=True)
    Issue.objects.filter(pk=issue.pk).update(state=state)
    issue.refresh_from_db()
    return issue


def newcomer(email="new@example.com", **fields):
    """Make a reader who confirmed a moment ago."""
    return make_reader(email, welcome_due_at=timezone.now(), **fields)


def welcomed(reader) -> Delivery | None:
    return welcome(reader.pk, now=timezone.now())


def test_a_newcomer_gets_the_latest_issue_at_once(source):
    published(source, days_ago=1)
    latest = published(source)
    reader = newcomer()
    delivery = welcomed(reader)
    assert delivery is not None
    assert (delivery.issue, delivery.occasion, delivery.state) == (latest, "welcome", "pending")
    sending.drain(latest.pk)
    message = mail.outbox[0]
    assert message.to == ["new@example.com"]
    assert message.subject == f"Welcome to Engineering @ Scale: {latest.slug} of The Rope Yard"
    assert "This is the latest issue" in " ".join(message.body.split())
    assert message.extra_headers["List-Id"].startswith("<daily.")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.shown) == (DeliveryState.SENT, "1")


def test_a_newcomer_enters_the_books_of_an_issue_that_was_sent(source):
    make_reader()
    issue = published(source, state=IssueState.SENDING)
    sending.drain(issue.pk)
    ticking.close_finished(timezone.now())
    issue.refresh_from_db()
    assert (issue.state, issue.audience) == (IssueState.SENT, 1)
    welcomed(newcomer())
    assert (books(issue).audience, books(issue).waiting) == (2, 1)
    assert imbalances(issue) == []
    sending.drain(issue.pk)
    assert (books(issue).sent, books(issue).waiting) == (2, 0)
    assert imbalances(issue) == []


def test_the_welcome_is_in_the_readers_language_and_the_subject_says_so(source):
    issue = published(source)
    welcomed(newcomer(language="de"))
    sending.drain(issue.pk)
    assert '<html lang="de"' in mail.outbox[0].alternatives[0][0]
    assert mail.outbox[0].subject.endswith(f": {issue.slug} of The Rope Yard")


def test_only_stories_of_their_sources_are_in_it_and_an_issue_without_one_is_passed_over(source):
    other = make_source("Signal Hill")
    older = published(source, other, days_ago=2)
    published(other, days_ago=1)
    delivery = welcomed(newcomer(sources=[source]))
    assert delivery is not None
    assert delivery.issue == older
    sending.drain(older.pk)
    assert "Signal Hill" not in mail.outbox[0].body
    delivery.refresh_from_db()
    assert (delivery.stories, delivery.shown) == (1, "1")


def test_what_a_newcomer_muted_does_not_welcome_them(source):
    published(source)
    reader = newcomer()
    Mute.objects.create(subscriber=reader, source=source)
    assert welcomed(reader) is None


@pytest.mark.parametrize("kind", ["daily", "weekly"])
def test_an_edition_that_was_not_asked_for_welcomes_nobody(source, kind):
    wanted = published(source, kind=kind, days_ago=3)
    published(source, kind="weekly" if kind == "daily" else "daily")
    choice = {"wants_daily": kind == "daily", "wants_weekly": kind == "weekly"}
    delivery = welcomed(newcomer(**choice))
    assert delivery is not None
    assert delivery.issue == wanted


@pytest.mark.parametrize("kind", ["daily", "weekly"])
def test_old_news_is_no_welcome(source, kind):
    days = WELCOME_WITHIN[kind].days
    issue = published(source, kind=kind, days_ago=days + 1)
    assert welcomed(newcomer("late@example.com")) is None
    Issue.objects.filter(pk=issue.pk).update(
        period_start=TODAY - timedelta(days=days), period_end=TODAY - timedelta(days=days)
    )
    assert welcomed(newcomer("timely@example.com")) is not None


@pytest.mark.parametrize(
    "state",
    [IssueState.DRAFT, IssueState.APPROVED, IssueState.PAUSED, IssueState.CANCELLED],
)
def test_an_issue_that_is_not_out_or_was_stopped_welcomes_nobody(source, state):
    issue = published(source, state=state)
    reader = newcomer()
    assert welcomed(reader) is None
    issue.refresh_from_db()
    assert (issue.audience, issue.deliveries.count()) == (0, 0)


def test_who_has_a_row_for_the_latest_issue_gets_no_older_one(source):
    published(source, days_ago=1)
    reader = newcomer()
    latest = published(source, state=IssueState.SENDING)
    assert latest.deliveries.filter(subscriber=reader).exists()
    assert welcomed(reader) is None
    assert Delivery.objects.filter(occasion="welcome").count() == 0


def test_a_welcome_is_given_once_however_often_it_is_asked_for(source):
    issue = published(source)
    reader = newcomer()
    assert welcomed(reader) is not None
    for _ in range(3):
        assert welcomed(reader) is None
        assert welcome_due(timezone.now()) == 0
    issue.refresh_from_db()
    assert (issue.audience, issue.deliveries.count()) == (1, 1)


def test_where_nothing_is_suitable_the_welcome_is_over(source):
    reader = newcomer()
    assert welcomed(reader) is None
    reader.refresh_from_db()
    assert reader.welcome_due_at is None
    published(source)
    assert welcome_due(timezone.now()) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "unsubscribed"},
        {"state": "suppressed", "suppression": "bounced"},
        {"paused_until": TODAY + timedelta(days=3)},
        {"wants_daily": False, "wants_weekly": False},
    ],
)
def test_who_may_not_be_mailed_is_not_welcomed(source, fields):
    published(source)
    reader = newcomer(**fields)
    assert welcome_due(timezone.now()) == 0
    reader.refresh_from_db()
    assert reader.welcome_due_at is None
    assert not Delivery.objects.exists()


def test_a_reader_who_leaves_before_the_welcome_goes_out_gets_none(source):
    issue = published(source)
    reader = newcomer()
    welcomed(reader)
    subscribing.unsubscribe(reader.pk, now=timezone.now(), origin=ConsentEvent.Origin.LINK)
    sending.drain(issue.pk)
    assert mail.outbox == []
    assert issue.deliveries.get().reason == "unsubscribed"
    assert imbalances(issue) == []


def test_a_welcome_that_is_not_due_yet_waits(source):
    published(source)
    reader = make_reader(welcome_due_at=timezone.now() + timedelta(hours=1))
    assert welcomed(reader) is None
    assert welcome_due(timezone.now()) == 0
    assert welcome_due(timezone.now() + timedelta(hours=2)) == 1


def test_an_audience_that_another_transaction_entered_meanwhile_is_left_as_it_is(
    source, monkeypatch
):
    issue = published(source)
    reader = newcomer()
    whole = welcoming.enter

    def meanwhile(candidate, *rest):
        Delivery.objects.create(issue=issue, subscriber=reader, due_at=timezone.now())
        return whole(candidate, *rest)

    monkeypatch.setattr(welcoming, "enter", meanwhile)
    assert welcomed(reader) is None
    issue.refresh_from_db()
    assert (issue.audience, issue.deliveries.count()) == (0, 1)


def test_an_issue_that_is_stopped_at_the_last_moment_is_passed_over(source, monkeypatch):
    older = published(source, days_ago=1)
    latest = published(source)
    whole = welcoming.enter

    def stopping(candidate, *rest):
        Issue.objects.filter(pk=latest.pk).update(state=IssueState.PAUSED)
        return whole(candidate, *rest)

    monkeypatch.setattr(welcoming, "enter", stopping)
    delivery = welcomed(newcomer())
    assert delivery is not None
    assert delivery.issue == older
    latest.refresh_from_db()
    assert latest.audience == 0


def test_one_welcome_that_cannot_be_made_holds_up_no_other(source, monkeypatch, caplog):
    published(source)
    poison, fine = newcomer("poison@example.com"), newcomer("fine@example.com")
    whole = welcoming.enter

    def poisoned(issue, reader, now):
        if reader == poison:
            raise ValueError("this cannot be entered")
        return whole(issue, reader, now)

    monkeypatch.setattr(welcoming, "enter", poisoned)
    assert welcome_due(timezone.now()) == 1
    assert Delivery.objects.get().subscriber == fine
    assert "cannot be welcomed" in caplog.text
    assert not Subscriber.objects.exclude(welcome_due_at=None).exists()


def test_confirming_brings_the_welcome_at_once(source, workers, django_capture_on_commit_callbacks):
    published(source)
    subscribing.subscribe("new@example.com", Choices(), now=timezone.now())
    reader = Subscriber.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        subscribing.confirm(reader.pk, now=timezone.now())
    assert [message.to for message in mail.outbox] == [["new@example.com"]]
    assert mail.outbox[0].subject.startswith("Welcome to ")
    reader.refresh_from_db()
    assert reader.welcome_due_at is None


def test_a_broker_that_is_away_costs_the_confirming_reader_nothing(monkeypatch, caplog):
    def away(*args, **kwargs):
        raise OSError("connection refused")

    monkeypatch.setattr(tasks.welcome, "apply_async", away)
    tasks.welcome_soon(None, subscriber_id=1)
    assert "the next tick" in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_many_workers_at_once_give_one_welcome(source):
    issue = published(source)
    reader = newcomer()
    start = threading.Barrier(4)
    given = []

    def work():
        start.wait()
        given.append(welcomed(reader))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=20)
    assert len([delivery for delivery in given if delivery]) == 1
    issue.refresh_from_db()
    assert (issue.audience, issue.deliveries.count()) == (1, 1)
