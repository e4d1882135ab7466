"""Every button answers, whatever has become of its reader in another tab."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from subscribers.links import unsubscribe_url
from subscribers.models import Mute, Subscriber
from tests.factories import make_reader, make_source
from tests.subscribers.rooms import choices_path, path, press

pytestmark = pytest.mark.django_db

State = Subscriber.State
FINE = "Nothing was said, and that is fine."
ASKED = "You need not say."
STANDINGS = {
    "active": {},
    "paused": {"paused_until": timezone.now().date() + timedelta(days=9)},
    "unsubscribed": {"state": State.UNSUBSCRIBED, "left_at": timezone.now()},
    "pending": {"state": State.PENDING, "confirmed_at": None},
    "suppressed": {"state": State.SUPPRESSED, "suppression": "bounced"},
}
TOMORROW = (timezone.now() + timedelta(days=2)).date().isoformat()
BUTTONS = {
    "save": {"wants_daily": "on", "hour": "4"},
    "pause": {"paused_until": TOMORROW},
    "resume": {},
    "hear": {"source": "MUTED"},
    "leave": {},
    "reason": {"reason": "other"},
}


def pressed(reader, action, **fields):
    """Press a button of the choices page, and return the page that it leads to."""
    response = press(choices_path(reader), action=action, **fields)
    assert response.status_code == 302
    return Client().get(response["Location"]).content.decode()


@pytest.mark.parametrize("standing", STANDINGS)
@pytest.mark.parametrize("action", BUTTONS)
def test_every_button_says_what_it_did(standing, action):
    reader = make_reader(**STANDINGS[standing])
    source = make_source()
    Mute.objects.create(subscriber=reader, source=source)
    fields = {
        name: source.pk if value == "MUTED" else value for name, value in BUTTONS[action].items()
    }
    assert '<div class="notice good" role="status">' in pressed(reader, action, **fields)


@pytest.mark.parametrize("standing", STANDINGS)
def test_only_who_gets_mail_is_offered_a_pause(client, standing):
    page = client.get(choices_path(make_reader(**STANDINGS[standing]))).content.decode()
    offered = ['id="pause"' in page, 'href="#pause"' in page, 'value="pause"' in page]
    assert offered == [standing in ("active", "paused")] * 3


def test_saying_nothing_on_leaving_is_fine_and_not_asked_again():
    reader = make_reader()
    press(path(unsubscribe_url("daily", reader.pk)))
    url = path(unsubscribe_url("weekly", reader.pk))
    assert ASKED in press(url).content.decode()
    page = press(url, action="reason", words=" ").content.decode()
    assert FINE in page
    assert ASKED not in page
    assert "Subscribe again" in page
    page = pressed(reader, "reason", words="")
    assert FINE in page
    assert ASKED not in page
