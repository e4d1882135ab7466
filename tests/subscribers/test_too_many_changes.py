"""A link from a mail that was passed on cannot make a reader's history grow without end."""

from datetime import UTC, datetime, timedelta

import pytest

from subscribers.admission import TooMany
from subscribers.links import unsubscribe_url
from subscribers.models import Mute, Subscriber
from subscribers.recording import MAX_CHANGES_AN_HOUR, count_change
from subscribers.subscribing import undo, unsubscribe
from tests.factories import make_reader, make_source
from tests.subscribers.rooms import choices_path, mute_path, path, press

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SAVE = {"wants_daily": "on", "which": "all", "time_zone": "UTC"}
State = Subscriber.State


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


def leave_path(reader):
    return path(unsubscribe_url("daily", reader.pk))


def muting(reader, source):
    """Mute a source and hear it again, by the link beside a story, until that is enough."""
    url = mute_path(reader, source)
    actions = ("for_good", "undo") * MAX_CHANGES_AN_HOUR
    return [press(url, action=action) for action in actions]


@pytest.fixture
def worn_out():
    """A reader of whom somebody has used up the hour's changes."""
    reader = make_reader()
    for _ in range(MAX_CHANGES_AN_HOUR):
        count_change(reader, NOON)
    return reader


def test_changes_beyond_the_limit_are_refused_and_leave_no_row():
    reader, source = make_reader(), make_source()
    answers = [page.status_code for page in muting(reader, source)]
    assert answers[:MAX_CHANGES_AN_HOUR] == [200] * MAX_CHANGES_AN_HOUR
    # Nothing is muted then, so hearing it again is no change.
    assert answers[MAX_CHANGES_AN_HOUR:] == [429, 200] * (MAX_CHANGES_AN_HOUR // 2)
    assert reader.consent_events.count() == MAX_CHANGES_AN_HOUR == 60


def test_the_page_says_when_to_come_again_and_that_leaving_works(worn_out):
    response = press(choices_path(worn_out), action="save", hour=5, **SAVE)
    page = " ".join(response.content.decode().split())
    assert response.status_code == 429
    assert response["Retry-After"] == "3600"
    assert "a break of 60 minutes" in page
    assert "Leaving works at any time" in page
    assert response["Cache-Control"] == "no-store"
    worn_out.refresh_from_db()
    assert worn_out.hour == 7


def test_whoever_waits_as_long_as_they_are_told_is_heard(worn_out, noon):
    noon.shift(HOUR)
    assert press(choices_path(worn_out), action="save", hour=5, **SAVE).status_code == 302
    worn_out.refresh_from_db()
    assert worn_out.hour == 5


def test_what_changes_nothing_is_neither_counted_nor_refused(worn_out):
    assert press(choices_path(worn_out), action="resume").status_code == 302
    other = make_reader()
    for _ in range(MAX_CHANGES_AN_HOUR + 1):
        assert press(choices_path(other), action="resume").status_code == 302
    assert press(choices_path(other), action="save", hour=5, **SAVE).status_code == 302


def test_one_reader_uses_up_nothing_of_another(worn_out):
    source = make_source()
    other = make_reader()
    assert press(mute_path(other, source), action="for_good").status_code == 200
    assert Mute.objects.filter(subscriber=other).exists()


@pytest.mark.parametrize("fields", [{}, {"List-Unsubscribe": "One-Click"}])
def test_leaving_always_works_and_doing_it_again_writes_nothing(worn_out, fields):
    before = worn_out.consent_events.count()
    for _ in range(MAX_CHANGES_AN_HOUR):
        assert press(leave_path(worn_out), **fields).status_code == 200
    worn_out.refresh_from_db()
    assert not worn_out.wants_daily
    assert worn_out.consent_events.count() == before + 1


def test_leaving_on_the_choices_page_works_and_coming_back_waits(worn_out):
    assert press(choices_path(worn_out), action="leave").status_code == 302
    worn_out.refresh_from_db()
    assert worn_out.state == State.UNSUBSCRIBED
    for action in ("undo", "back"):
        assert press(choices_path(worn_out), action=action, **SAVE).status_code == 429
    worn_out.refresh_from_db()
    assert worn_out.state == State.UNSUBSCRIBED


def test_leaving_and_taking_it_back_in_turns_ends(worn_out):
    reader = make_reader()
    for _ in range(MAX_CHANGES_AN_HOUR):
        unsubscribe(reader.pk, edition="daily", now=NOON, origin="link")
        assert undo(reader.pk, "daily", now=NOON)
    unsubscribe(reader.pk, edition="daily", now=NOON, origin="link")
    with pytest.raises(TooMany):
        undo(reader.pk, "daily", now=NOON)
    assert press(leave_path(reader), again="daily").status_code == 429
    assert reader.consent_events.count() == 2 * MAX_CHANGES_AN_HOUR + 1
