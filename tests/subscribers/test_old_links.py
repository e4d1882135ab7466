"""Links of before a change of address: they lie in a mailbox that is somebody else's now."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from newsletter.links import read_url
from subscribers.links import token_of, unsubscribe_url
from subscribers.models import AddressChange, ConsentEvent, Subscriber
from subscribers.moving import Moving, move
from subscribers.tokens import Purpose, make_token
from tests.factories import make_issue, make_reader, make_source, make_story
from tests.newsletter.personal_pages import feed_path, is_private
from tests.newsletter.received import make_delivery
from tests.sends import sent
from tests.subscribers.rooms import choices_path, delete_path, mute_path, path, press, rows

pytestmark = pytest.mark.django_db

OLD, NEW = "ada.old@example.com", "ada.new@example.net"
OLD_WORDS = "This link is from before the address changed"
State = Subscriber.State


def moves(reader, email=NEW):
    now = timezone.now()
    change = AddressChange.objects.create(subscriber=reader, email=email, asked_at=now)
    assert move(change.pk, now=now) is Moving.DONE
    reader.refresh_from_db()


@pytest.fixture
def source():
    return make_source("Ferry")


@pytest.fixture
def delivery(source):
    issue = make_issue()
    make_story(issue, source)
    return make_delivery(issue, make_reader(OLD), shown="1")


def personal_paths(delivery, source):
    """Every address that ends with the address, as mails and pages of now have them."""
    reader = delivery.subscriber
    return {
        "choices": choices_path(reader),
        "delete": delete_path(reader),
        "data": reverse("newsletter:data", args=[token_of(Purpose.CHOICES, reader)]),
        "mute": mute_path(reader, source),
        "atom": feed_path(reader, "atom"),
        "json": feed_path(reader, "json"),
        "read": path(read_url(delivery.pk, reader)),
        "confirm": reverse("subscribers:confirm", args=[token_of(Purpose.CONFIRM, reader)]),
    }


def test_a_move_ends_all_links_of_before_and_new_ones_open(client, delivery, source):
    old = personal_paths(delivery, source)
    moves(delivery.subscriber)
    new = personal_paths(delivery, source)
    before = rows()
    for name, url in old.items():
        for response in (client.get(url), client.head(url)):
            assert response.status_code == 404, name
            assert is_private(response)
        page = client.get(url).content.decode()
        assert OLD_WORDS in page
        assert "ada" not in page, "neither address is named"
        assert client.get(new[name]).status_code == 200, name
    assert rows() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "save", "hour": "3"},
        {"action": "leave"},
        {"action": "move", "email": "back@example.com"},
        {"action": "delete"},
        {"action": "for_good"},
        {},
    ],
    ids=str,
)
def test_who_has_the_former_mailbox_can_change_nothing(delivery, source, fields):
    old = personal_paths(delivery, source)
    moves(delivery.subscriber)
    before = rows()
    for name in ("choices", "delete", "mute", "confirm"):
        response = press(old[name], **fields)
        assert response.status_code == 404
        assert OLD_WORDS in response.content.decode()
    assert rows() == before


def test_each_further_move_ends_the_links_of_the_one_before(client, delivery, source):
    links = [personal_paths(delivery, source)]
    for email in (NEW, OLD, NEW):
        moves(delivery.subscriber, email)
        links.append(personal_paths(delivery, source))
    *former, newest = links
    for name, url in newest.items():
        assert client.get(url).status_code == 200
        for old in former:
            assert OLD_WORDS in client.get(old[name]).content.decode()


def test_unsubscribing_works_by_the_mails_of_before_and_names_no_address(client, delivery):
    reader = delivery.subscriber
    urls = [path(unsubscribe_url(kind, reader.pk)) for kind in ("daily", "weekly")]
    moves(reader)
    assert urls == [path(unsubscribe_url(kind, reader.pk)) for kind in ("daily", "weekly")]
    for url in urls:
        pages = [client.get(url), press(url, **{"List-Unsubscribe": "One-Click"}), client.get(url)]
        for response in pages:
            assert response.status_code == 200
            page = response.content.decode()
            assert "ada" not in page
            assert "/choices/" not in page
    reader.refresh_from_db()
    assert reader.state == State.UNSUBSCRIBED


def test_a_stranger_is_told_nothing_of_a_move(client, delivery, source):
    """A signature that is not right for any epoch gets the page that every wrong link gets."""
    moves(delivery.subscriber)
    reader = delivery.subscriber
    wrong = {
        make_token(Purpose.FEED, reader.pk),
        make_token(Purpose.CHOICES, reader.pk)[:-2] + "xA",
        make_token(Purpose.CHOICES, reader.pk, epoch=2),
        make_token(Purpose.CHOICES, make_reader().pk, epoch=1),
    }
    for token in wrong:
        response = client.get(reverse("subscribers:choices", args=[token]))
        assert response.status_code == 404
        assert "This link is not complete" in response.content.decode()


def test_old_links_are_known_after_a_rotation_of_keys_too(client, delivery, source, settings):
    old = personal_paths(delivery, source)
    moves(delivery.subscriber)
    new = personal_paths(delivery, source)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key", [settings.SECRET_KEY]
    for name in old:
        assert OLD_WORDS in client.get(old[name]).content.decode()
        assert client.get(new[name]).status_code == 200


@pytest.mark.parametrize("times", [0, 1, 3])
def test_a_reader_who_was_deleted_is_as_unknown_as_before_however_often_they_moved(
    client, delivery, source, times
):
    for number in range(times):
        moves(delivery.subscriber, f"ada{number}@example.com")
    links = personal_paths(delivery, source)
    assert "You are deleted" in press(links["delete"]).content.decode()
    assert "You are deleted" in press(links["delete"]).content.decode()
    for name in ("choices", "delete", "mute"):
        assert "You get no mail from us" in client.get(links[name]).content.decode()
    assert client.get(links["atom"]).status_code == 410
    assert "This copy is gone" in client.get(links["read"]).content.decode()


def test_a_confirmation_mail_to_a_former_address_does_not_confirm_the_new_one(client):
    """It would open the choices: the page after the button links to them."""
    reader = make_reader(OLD)
    old = reverse("subscribers:confirm", args=[token_of(Purpose.CONFIRM, reader)])
    moves(reader)
    Subscriber.objects.update(state=State.UNSUBSCRIBED, left_at=timezone.now())
    reader.consent_events.create(
        kind=ConsentEvent.Kind.SUBSCRIBED, origin=ConsentEvent.Origin.FORM, at=timezone.now()
    )
    assert press(old).status_code == 404
    reader.refresh_from_db()
    assert reader.state == State.UNSUBSCRIBED
    press(reverse("subscribers:confirm", args=[token_of(Purpose.CONFIRM, reader)]))
    reader.refresh_from_db()
    assert reader.state == State.ACTIVE


def links_in(message):
    """Return the paths of a mail's personal links, by their first part."""
    found = re.findall(r"https?://[^/\s]+(/(choices|read|f|u)/[\w/-]+)", message.body)
    return {name: link for link, name in found}


def sent_to(reader, number, source):
    """Send an issue to a reader, and return the mail."""
    issue = make_issue(end=timezone.now().date() - timedelta(days=number))
    make_story(issue, source)
    sent(issue)
    return mail.outbox[-1]


def test_a_mail_that_went_out_before_the_move_opens_nothing_and_the_next_one_does(client, source):
    reader = make_reader(OLD)
    first = sent_to(reader, 1, source)
    moves(reader)
    second = sent_to(reader, 0, source)
    assert (first.to, second.to) == ([OLD], [NEW])
    assert links_in(first).keys() == links_in(second).keys() == {"choices", "read", "f", "u"}
    for name, link in links_in(first).items():
        assert client.get(link).status_code == (200 if name == "u" else 404), name
    for name, link in links_in(second).items():
        assert client.get(link).status_code == 200, name
