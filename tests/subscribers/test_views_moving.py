"""A change of address, from the choices page to the new address's own page."""

import pytest
from django.core import mail
from django.utils import timezone

from subscribers.models import CONFIRM_WITHIN, AddressChange
from tests.factories import make_reader
from tests.subscribers.rooms import DAY, address_path, choices_path, press, rows

pytestmark = pytest.mark.django_db

NEW = "new@example.org"


def change_for(reader, email=NEW, **fields):
    return AddressChange.objects.create(
        subscriber=reader, email=email, asked_at=timezone.now(), **fields
    )


def test_a_reader_moves_by_the_choices_page_and_the_new_inbox(
    client, workers, django_capture_on_commit_callbacks
):
    reader = make_reader("old@example.com", hour=5)
    with django_capture_on_commit_callbacks(execute=True):
        page = press(choices_path(reader), action="move", email="New@Example.org").content.decode()
    assert "can get mail from us" in page
    assert NEW in page
    change = reader.address_changes.get()
    (message,) = mail.outbox
    assert message.to == [NEW]
    assert address_path(change) in message.body
    assert NEW in client.get(address_path(change)).content.decode()
    response = press(address_path(change))
    assert response.status_code == 200
    assert "The address is changed" in response.content.decode()
    reader.refresh_from_db()
    assert (reader.email, reader.hour) == (NEW, 5)


@pytest.mark.parametrize("known", [True, False])
def test_whose_the_new_address_is_cannot_be_seen(known):
    reader = make_reader()
    if known:
        make_reader(NEW)
    response = press(choices_path(reader), action="move", email=NEW)
    assert response.status_code == 200
    page = response.content.decode()
    assert "Check the new inbox" in page
    assert reader.email not in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Please enter your e-mail address."),
        ("ada", "not a complete e-mail address"),
        ("ada@example.com, bob@example.com", "one address only"),
        ("ö@example.com", "before the @"),
        ("x" * 10_000 + "@example.com", "longer than the"),
        ("ada@example.com\r\nBcc: bob@example.com", "one address only"),
        ("OLD@example.com", "the address that we write to already"),
        ("ada@gmial.com", "Did you mean ada@gmail.com?"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_and_nothing_is_sent(typed, said):
    reader = make_reader("old@example.com")
    response = press(choices_path(reader), action="move", email=typed)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not AddressChange.objects.exists()


def test_an_address_that_looks_mistyped_is_taken_when_sent_again():
    reader = make_reader()
    first = press(choices_path(reader), action="move", email="ada@gmial.com")
    assert 'name="sure" value="ada@gmial.com"' in first.content.decode()
    press(choices_path(reader), action="move", email="ada@gmial.com", sure="ada@gmial.com")
    assert reader.address_changes.get().email == "ada@gmial.com"


def test_a_change_that_was_done_says_so_again(client):
    reader = make_reader()
    change = change_for(reader)
    press(address_path(change))
    after = rows()
    for response in (client.get(address_path(change)), press(address_path(change))):
        assert response.status_code == 200
        assert "The address is changed" in response.content.decode()
    assert rows() == after


def test_an_address_that_reads_by_itself_is_not_taken_over(client):
    change = change_for(make_reader())
    make_reader(NEW)
    before = rows()
    for response in (client.get(address_path(change)), press(address_path(change))):
        assert response.status_code == 409
        assert "Somebody reads with this address already" in response.content.decode()
    assert rows() == before


def test_an_old_link_has_expired(client, time_machine):
    change = change_for(make_reader())
    before = rows()
    time_machine.move_to(timezone.now() + CONFIRM_WITHIN + DAY)
    for response in (client.get(address_path(change)), press(address_path(change))):
        assert response.status_code == 410
        assert "This link has expired" in response.content.decode()
    assert rows() == before


def test_a_deleted_readers_link_has_expired(client):
    reader = make_reader()
    url = address_path(change_for(reader))
    reader.delete()
    for response in (client.get(url), press(url)):
        assert response.status_code == 410


def test_the_page_names_the_new_address_and_nothing_else_of_the_reader(client):
    reader = make_reader("old@example.com")
    page = client.get(address_path(change_for(reader))).content.decode()
    assert NEW in page
    assert "old@example.com" not in page


@pytest.mark.parametrize(("reason", "may"), [("bounced", True), ("complained", False)])
def test_a_suppressed_reader_may_move_unless_they_complained(client, reason, may):
    reader = make_reader(state="suppressed", suppression=reason)
    page = client.get(choices_path(reader)).content.decode()
    assert ("Change the address" in page) is may
    assert press(choices_path(reader), action="move", email=NEW).status_code == 200
    assert reader.address_changes.exists() is may
