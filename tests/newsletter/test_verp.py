"""The envelope sender of every message tells whose bounce it is."""

import pytest
from django.conf import settings as django_settings
from hypothesis import given
from hypothesis import strategies as st

from newsletter.verp import delivery_in, sender_of
from tests.factories import make_reader, make_source
from tests.sends import prepared, sent, through
from tests.smtp import SmtpServer

LONGEST = "a-name-of-24-characters-@news.example.org"


@pytest.fixture(autouse=True)
def bounce_address(settings):
    settings.BOUNCE_ADDRESS = "bounces@news.example.org"


@given(st.integers(1, 2**63 - 1), st.sampled_from([str, str.lower, str.upper, str.title]))
def test_an_address_comes_back_to_its_delivery_in_any_case(number, folding):
    assert delivery_in(folding(sender_of(number))) == number


@pytest.mark.parametrize("number", [1, 2**31, 2**63 - 1])
def test_the_local_part_fits_what_rfc_5321_allows(number, settings):
    settings.BOUNCE_ADDRESS = LONGEST
    local, _, domain = sender_of(number).rpartition("@")
    assert len(local) <= 64
    assert domain == "news.example.org"


@given(st.integers(1, 10**6), st.data())
def test_an_address_that_somebody_changed_is_nobodys(number, data):
    address = sender_of(number)
    start, end = address.index("+") + 1, address.index("@")
    place = data.draw(st.integers(start, end - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
    changed = address[:place] + letter + address[place + 1 :]
    assert changed == address or delivery_in(changed) is None


@given(st.text(max_size=100))
def test_any_text_is_an_address_of_nobody(text):
    assert delivery_in(text) is None
    assert delivery_in(f"bounces+{text}@news.example.org") is None


def test_addresses_are_still_read_after_the_key_was_changed(settings):
    address = sender_of(7)
    settings.SECRET_KEY_FALLBACKS = [django_settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert delivery_in(address) == 7


def test_without_a_bounce_address_there_is_no_sender_of_its_own(settings):
    settings.BOUNCE_ADDRESS = ""
    assert sender_of(7) == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["bounces@news.example.org", ""])
def test_a_message_leaves_under_its_own_sender_and_shows_ours(address, settings):
    settings.BOUNCE_ADDRESS = address
    make_reader()
    issue = prepared(make_source())
    with SmtpServer() as server:
        through(server, settings)
        assert sent(issue).sent == 1
        [sender] = server.senders
        [(_, message)] = server.taken
    delivery = issue.deliveries.get()
    assert delivery_in(sender) == (delivery.pk if address else None)
    assert message.count(b"\nFrom: ") + message.startswith(b"From: ") == 1
    assert settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].strip(">").encode() in message
    assert b"bounces+" not in message
