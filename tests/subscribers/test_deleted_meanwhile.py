"""A reader who is deleted in the middle of a request gets a page all the same."""

import pytest
from django.db import connection

from subscribers.models import AddressChange, ConsentEvent, Subscriber
from subscribers.views import leaving
from tests.factories import make_reader, make_source
from tests.subscribers.rooms import paths_of, press

pytestmark = pytest.mark.django_db

PRESSES = [
    ("confirm", {}),
    ("daily", {}),
    ("daily", {"List-Unsubscribe": "One-Click"}),
    ("daily", {"again": "daily"}),
    ("daily", {"action": "reason", "reason": "other", "other": "Too much"}),
    ("weekly", {}),
    ("mute", {"action": "for_good"}),
    ("mute", {"action": "undo"}),
    ("address", {}),
    ("delete", {}),
]
BUTTONS = ("save", "back", "undo", "leave", "reason", "pause", "resume", "hear", "move")
FIELDS = {
    "wants_daily": "on",
    "which": "all",
    "time_zone": "UTC",
    "hour": "5",
    "paused_until": "2030-01-01",
    "email": "elsewhere@example.com",
    "reason": "other",
}
PRESSES += [("choices", {"action": button, **FIELDS}) for button in BUTTONS]


class Deleting:
    """Delete all readers before a request's nth query, as somebody else's commit would.

    Within a transaction of the request it waits: there the row is locked.
    """

    def __init__(self, nth):
        self.left = nth
        self.is_done = False

    def __call__(self, execute, sql, params, many, context):
        if connection.savepoint_ids == self.outside:
            self.left -= 1
            if not self.left:
                self.is_done = True
                Subscriber.objects.all().delete()
        return execute(sql, params, many, context)

    def __enter__(self):
        self.outside = list(connection.savepoint_ids)
        self.wrapper = connection.execute_wrapper(self)
        self.wrapper.__enter__()
        return self

    def __exit__(self, *exc):
        self.wrapper.__exit__(*exc)


def reader_with_everything(source):
    reader = make_reader(sources=[source])
    AddressChange.objects.create(
        subscriber=reader, email=f"new{reader.pk}@example.com", asked_at=reader.created_at
    )
    for kind in ("subscribed", "unsubscribed"):
        ConsentEvent.objects.create(
            subscriber=reader, kind=kind, origin="form", at=reader.created_at
        )
    return reader


@pytest.mark.parametrize(("page", "fields"), PRESSES)
def test_a_button_gets_an_answer_though_its_reader_is_deleted_meanwhile(page, fields):
    source = make_source()
    nth, deleting = 0, None
    while deleting is None or deleting.is_done:
        nth += 1
        reader = reader_with_everything(source)
        url = paths_of(reader, source)[page]
        with Deleting(nth) as deleting:
            assert press(url, **fields).status_code < 500
    assert nth > 2, "the reader was deleted at least once"


def test_who_unsubscribes_and_is_deleted_meanwhile_reads_that_nothing_is_kept(monkeypatch):
    source = make_source()
    reader = reader_with_everything(source)
    whole = leaving.act
    monkeypatch.setattr(leaving, "act", lambda *args: (whole(*args), reader.delete())[0])
    response = press(paths_of(reader, source)["daily"])
    assert response.status_code == 200
    assert "You get no mail from us" in response.content.decode()
