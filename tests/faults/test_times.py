"""Too many beats, none at all, and clocks that jump."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core import mail

from newsletter import sending, ticking
from newsletter.approving import approve
from newsletter.models import Issue
from subscribers import subscribing
from tests.factories import make_issue, make_reader, make_source, make_story
from tests.faults.reckoning import reckon
from tests.installation import RUN_DELIVERY, Installation
from tests.zones import DAY, HOURS, dates, first_showing, stretches

TICKERS = 8
ISSUES = 12
READERS = 40
PREPARE = f"""
from datetime import timedelta
from django.utils import timezone
from subscribers.models import Subscriber
from tests.factories import make_approved_issue, make_source

now = timezone.now()
source = make_source()
Subscriber.objects.bulk_create(
    Subscriber(email=f"reader{{n}}@example.com", state="active", confirmed_at=now)
    for n in range({READERS})
)
for number in range({ISSUES}):
    make_approved_issue(source, end=now.date() - timedelta(days=number))
"""
# First a clock that stands still since before all of it; then all beats at once.
TICK = f"""
import multiprocessing
from datetime import timedelta
from django.db import connection
from django.utils import timezone
from newsletter import ticking
from newsletter.models import Delivery

for _ in range(2):
    assert ticking.tick(timezone.now() - timedelta(days={ISSUES + 2})) == []
assert not Delivery.objects.exists()
connection.close()
getattr(connection, "close_pool", lambda: None)()
ready = multiprocessing.Barrier({TICKERS})

def tick():
    ready.wait()
    for _ in range(3):
        ticking.tick(timezone.now())

fork = multiprocessing.get_context("fork")
tickers = [fork.Process(target=tick) for _ in range({TICKERS})]
for one in tickers:
    one.start()
for one in tickers:
    one.join()
print([one.exitcode for one in tickers])
"""
ASK = """
from django.db.models import Count
from newsletter.models import Delivery, Issue, LedgerMark
print(list(Issue.objects.values_list("state", "audience").annotate(n=Count("pk")).order_by("n")))
print(Delivery.objects.count(), LedgerMark.objects.get().number)
"""


@pytest.mark.soak
def test_eight_beats_or_none_plan_every_issue_once(tmp_path, engine):
    house = Installation(tmp_path, 1, RUN_DELIVERY, **engine)
    house.migrate()
    house.manage("shell", "--verbosity=0", "-c", PREPARE)
    assert house.manage("shell", "--verbosity=0", "-c", TICK).strip() == str([0] * TICKERS)
    states, counts = house.manage("shell", "--verbosity=0", "-c", ASK).strip().splitlines()
    assert states == str([("sending", READERS, ISSUES)])
    assert counts == f"{ISSUES * READERS} {2 + TICKERS * 3}"


HOUR = timedelta(hours=1)
# Far east and far west, half hours, clocks that change at midnight or twice a year otherwise.
ZONES = (
    "UTC",
    "Europe/Zurich",
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Honolulu",
    "Pacific/Kiritimati",
    "Africa/Casablanca",
    "Asia/Gaza",
    "Etc/GMT+12",
)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(date(2026, 3, 29), id="Europe goes forward"),
        pytest.param(date(2026, 10, 25), id="Europe goes back"),
        pytest.param(date(2026, 9, 6), id="Chile goes forward at midnight"),
        pytest.param(date(2011, 12, 30), id="Samoa leaves the date out"),
    ],
)
def test_every_reader_gets_one_issue_a_date_whatever_the_clocks_do(changed):
    settled = {
        make_reader(time_zone=zone, hour=hour).email: (zone, hour)
        for zone in ZONES
        for hour in HOURS
    }
    # One has the issue of a date already and comes to where that date begins; the other leaves
    # such a place, where it is over, for one where it has begun.
    westward = make_reader(time_zone="Pacific/Kiritimati", hour=0)
    eastward = make_reader(time_zone="Pacific/Honolulu", hour=23)
    issues = [approved(day) for day in dates(changed - DAY, changed + DAY)]
    begin, end = (midnight(issues[n].period_end) + days * DAY for n, days in ((0, -1), (-1, 3)))
    for tick in range((end - begin) // HOUR):
        now = begin + tick * HOUR
        send_what_is_due(now)
        if now == midnight(changed) + 12 * HOUR:
            move(westward, "Pacific/Honolulu", now)
            move(eastward, "Pacific/Kiritimati", now)
    known = {zone: stretches(zone, changed - DAY, changed + DAY) for zone in ZONES}
    for issue in issues:
        went_to = [one.to[0] for one in mail.outbox if headline(issue.period_end) in one.body]
        reckon(issue, went_to, sent=len(settled) + 2)
        assert issue.state == "sent"
        due = dict(issue.deliveries.values_list("subscriber__email", "due_at"))
        for address, (zone, hour) in settled.items():
            wall = datetime.combine(issue.period_end, time(hour))
            assert due[address] == first_showing(wall, known[zone]), (zone, hour)


def send_what_is_due(now: datetime) -> None:
    for issue_id in ticking.tick(now):
        sending.drain(issue_id, clock=lambda: now)


def approved(day: date) -> Issue:
    issue = make_issue(end=day)
    make_story(issue, make_source(), headline=headline(day))
    approve(issue, now=midnight(day) - 2 * DAY)
    return issue


def headline(day: date) -> str:
    return f"What happened on {day}"


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def move(reader, zone, now):
    subscribing.change(reader.pk, lambda choices: replace(choices, time_zone=zone), now=now)
