"""Above a form that came back stands which fields to mend, as links to them."""

import pytest

from tests.factories import make_reader, make_source
from tests.subscribers.doors import GOOD
from tests.subscribers.pages import ids_on, wrong_fields_on
from tests.subscribers.rooms import choices_path, press

pytestmark = pytest.mark.django_db


def wrong(url, **fields):
    """Send a form, and return what is listed; every link leads to something on the page."""
    page = press(url, **fields).content.decode()
    found = wrong_fields_on(page)
    assert set(found.values()) <= ids_on(page)
    return found


def test_the_front_page_links_to_what_is_wrong_in_its_order():
    make_source(slug="ferry")
    assert list(wrong("/", email="ada", which="some").items()) == [
        ("E-mail address", "id_email"),
        ("Editions", "id_wants_daily"),
        ("Sources", "id_sources"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [
        ("hour", "99", "Hour"),
        ("time_zone", "Atlantis/Port", "Time zone"),
        ("language", "tlh", "Language"),
        ("which", "none", "Sources"),
        ("sources", "atlantis", "Sources"),
    ],
)
def test_every_field_of_the_front_page_can_be_led_to(name, value, label):
    assert list(wrong("/", **{**GOOD, name: value})) == [label]


@pytest.mark.parametrize(
    ("fields", "label", "anchor"),
    [
        (
            {"action": "save", "wants_daily": "on", "weekday": "9"},
            "Day of the weekly",
            "id_weekday",
        ),
        ({"action": "save"}, "Editions", "id_wants_daily"),
        ({"action": "pause"}, "No mail until the end of", "id_paused_until"),
        ({"action": "move", "email": "x"}, "New e-mail address", "id_new_email"),
    ],
)
def test_the_choices_page_links_to_what_is_wrong(fields, label, anchor):
    assert wrong(choices_path(make_reader()), **fields) == {label: anchor}


def test_a_form_without_errors_lists_none(client):
    assert wrong_fields_on(client.get("/").content.decode()) == {}
    assert wrong_fields_on(press("/", **GOOD, action="preview").content.decode()) == {}
