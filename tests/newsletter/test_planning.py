"""The audience's rows and their due times."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError

from newsletter import planning
from newsletter.approving import approve
from newsletter.models import Delivery, Issue
from newsletter.planning import audience_of, plan, plan_due
from newsletter.states import DeliveryState, WrongState
from newsletter.welcoming import welcome_due
from subscribers.models import Subscriber
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    noon,
)

pytestmark = pytest.mark.django_db

FRIDAY = date(2026, 11, 20)
MORNING = datetime(2026, 11, 20, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Who comes while an issue is planned; only the first gets neither its row nor a welcome.
NEWCOMERS: dict[str, dict[str, object]] = {
    "missed": {},
    "old": {"confirmed_at": MORNING - timedelta(days=1)},
    "other": {"wants_daily": False},
    "gone": {"state": Subscriber.State.UNSUBSCRIBED},
}


def test_everybody_who_confirmed_and_wants_the_edition_gets_a_row():
    wanted = [make_reader(), make_reader(paused_until=FRIDAY), make_reader(wants_weekly=False)]
    make_reader(wants_daily=False)
    make_reader(state=Subscriber.State.PENDING, confirmed_at=None)
    make_reader(state=Subscriber.State.UNSUBSCRIBED)
    make_reader(state=Subscriber.State.SUPPRESSED, suppression="bounced")
    issue = make_approved_issue()

    assert plan(issue, now=MORNING) == 3
    assert set(issue.deliveries.values_list("subscriber", flat=True)) == {r.pk for r in wanted}
    assert (issue.state, issue.audience) == ("sending", 3)


def test_a_row_is_due_at_the_readers_own_hour():
    make_reader(hour=7, time_zone="Europe/Berlin")
    make_reader(hour=18, time_zone="America/New_York")
    issue = make_approved_issue()
    plan(issue, now=MORNING)
    assert list(issue.deliveries.order_by("due_at").values_list("due_at", flat=True)) == [
        datetime(2026, 11, 20, 6, tzinfo=UTC),
        datetime(2026, 11, 20, 23, tzinfo=UTC),
    ]


def test_no_row_is_due_before_the_issue_was_planned():
    make_reader(hour=1)
    issue = make_approved_issue()
    plan(issue, now=noon(issue))
    assert issue.deliveries.get().due_at == noon(issue)


def test_a_zone_that_this_machine_does_not_know_counts_as_utc():
    make_reader(hour=7, time_zone="Mars/Olympus")
    issue = make_approved_issue()
    plan(issue, now=MORNING)
    assert issue.deliveries.get().due_at == datetime(2026, 11, 20, 7, tzinfo=UTC)


def test_sending_at_once_makes_everybody_due_now():
    make_reader(hour=23)
    issue = make_approved_issue()
    plan(issue, now=MORNING, at_once=True)
    assert issue.deliveries.get().due_at == MORNING


def test_planning_twice_is_refused_and_adds_nothing():
    make_reader()
    issue = make_approved_issue()
    plan(issue, now=MORNING)
    with pytest.raises(WrongState):
        plan(Issue.objects.get(pk=issue.pk), now=MORNING)
    assert issue.deliveries.count() == 1


def test_a_draft_cannot_be_planned():
    with pytest.raises(WrongState):
        plan(make_issue(), now=MORNING)


def test_a_plan_that_breaks_off_leaves_no_row(monkeypatch):
    make_reader()
    issue = make_approved_issue()

    def broken(*args, **kwargs):
        yield Delivery(issue=issue, subscriber=make_reader(), due_at=MORNING)
        raise RuntimeError("the process was killed here")

    monkeypatch.setattr(planning, "due_rows", broken)
    with pytest.raises(RuntimeError):
        plan(issue, now=MORNING)
    issue.refresh_from_db()
    assert (issue.state, issue.deliveries.count()) == ("approved", 0)


def test_the_database_itself_refuses_a_second_row_for_a_reader():
    reader = make_reader()
    issue = make_approved_issue()
    plan(issue, now=MORNING)
    with pytest.raises(IntegrityError):
        Delivery.objects.create(issue=issue, subscriber=reader, due_at=MORNING)


def test_an_approved_issue_is_planned_when_its_day_begins_in_the_east():
    issue = make_approved_issue()
    day_begins = datetime(2026, 11, 19, 10, tzinfo=UTC)
    assert plan_due(day_begins - timedelta(seconds=1)) == []
    assert plan_due(day_begins) == [issue]
    assert plan_due(day_begins) == []


def test_more_readers_than_a_batch_are_all_planned(monkeypatch):
    monkeypatch.setattr(planning, "BATCH", 3)
    for _ in range(7):
        make_reader()
    issue = make_approved_issue()
    assert plan(issue, now=MORNING) == 7
    assert issue.deliveries.filter(state=DeliveryState.PENDING).count() == 7


def test_a_weekly_reaches_those_who_want_the_weekly():
    make_reader(wants_weekly=False)
    weekly = make_reader(wants_daily=False)
    issue = make_issue(kind="weekly", period_start=FRIDAY - timedelta(days=6))
    assert list(audience_of(issue)) == [weekly]


def test_who_confirms_while_an_issue_is_planned_is_welcomed_with_it(
    monkeypatch, django_capture_on_commit_callbacks
):
    make_reader()
    issue = make_approved_issue()
    whole = planning.due_rows

    def meanwhile(*args, **kwargs):
        yield from whole(*args, **kwargs)
        for email, fields in NEWCOMERS.items():
            make_reader(f"{email}@example.com", **{"confirmed_at": MORNING, **fields})

    monkeypatch.setattr(planning, "due_rows", meanwhile)
    with django_capture_on_commit_callbacks(execute=True):
        assert len(plan_due(MORNING)) == 1
    waiting = Subscriber.objects.filter(welcome_due_at=MORNING)
    assert [reader.email for reader in waiting] == ["missed@example.com"]
    assert welcome_due(MORNING) == 1
    welcome = issue.deliveries.get(occasion="welcome")
    assert welcome.subscriber == Subscriber.objects.get(email="missed@example.com")
    assert Issue.objects.get().audience == issue.deliveries.count() == 2


def test_a_plan_that_a_deletion_undid_is_made_again_at_once(monkeypatch, caplog):
    make_reader()
    issue = make_approved_issue()
    whole, tries = planning.due_rows, []

    def torn(*args, **kwargs):
        tries.append(1)
        for row in whole(*args, **kwargs):
            yield row
            if len(tries) == 1:
                yield Delivery(
                    issue_id=row.issue_id, subscriber_id=row.subscriber_id, due_at=MORNING
                )

    monkeypatch.setattr(planning, "due_rows", torn)
    assert plan_due(MORNING) == [issue]
    assert (len(tries), issue.deliveries.count(), caplog.text) == (2, 1, "")


def deadlines(issue):
    return set(issue.deliveries.values_list("deadline", flat=True))


@pytest.mark.parametrize(("kind", "hours"), [("daily", 24), ("weekly", 48)])
def test_a_message_may_be_begun_for_some_hours_after_its_readers_own(kind, hours):
    make_reader(hour=18, weekday=FRIDAY.weekday(), time_zone="America/New_York")
    issue = make_approved_issue(kind=kind)
    plan(issue, now=MORNING)
    assert deadlines(issue) == {datetime(2026, 11, 20, 23, tzinfo=UTC) + hours * HOUR}


def test_the_hours_are_settings(settings):
    settings.DAILY_DEADLINE_HOURS = 3
    make_reader(hour=18)
    issue = make_approved_issue()
    plan(issue, now=MORNING)
    assert deadlines(issue) == {MORNING + 20 * HOUR}


def test_a_clock_that_stood_still_gives_nobody_more_time():
    make_reader(hour=18)
    issue = make_approved_issue()
    plan(issue, now=MORNING + 3 * DAY)
    assert issue.deliveries.get().due_at == MORNING + 3 * DAY
    assert deadlines(issue) == {MORNING + 17 * HOUR + DAY}


def test_an_issue_that_is_approved_late_has_its_whole_time_from_then_on():
    make_reader(hour=7)
    issue = make_issue()
    make_story(issue, make_source())
    late = noon(issue) + 3 * DAY
    approve(issue, now=late, confirmed_late=True)
    plan(issue, now=late + HOUR)
    assert deadlines(issue) == {late + DAY}


def test_what_is_sent_at_once_has_its_whole_time_from_then_on():
    make_reader(hour=23)
    issue = make_approved_issue()
    plan(issue, now=MORNING + 3 * DAY, at_once=True)
    assert deadlines(issue) == {MORNING + 4 * DAY}
