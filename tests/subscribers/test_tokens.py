"""Tokens open one thing, for one reader."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter.rendering.sizes import STORY_SLOT_BYTES
from subscribers.links import choices_url, confirm_url, unsubscribe_url
from subscribers.models import Subscriber
from subscribers.tokens import BadToken, Purpose, Token, make_token, read_token

numbers = st.integers(1, 2**63 - 1)
epochs = st.integers(0, 2**16 - 1)
purposes = st.sampled_from(list(Purpose))


@given(numbers, purposes, epochs)
def test_a_token_gives_its_reader_and_epoch_back(number, purpose, epoch):
    assert read_token(purpose, make_token(purpose, number, epoch)) == Token(number, epoch)


@given(numbers, epochs, numbers, epochs)
def test_no_two_readers_or_epochs_have_a_token_in_common(number, epoch, other, then):
    same = (number, epoch) == (other, then)
    tokens = make_token(Purpose.CHOICES, number, epoch), make_token(Purpose.CHOICES, other, then)
    assert (tokens[0] == tokens[1]) is same


def test_links_in_mails_of_long_ago_are_made_alike_today(settings):
    settings.SECRET_KEY = "a key"
    assert make_token(Purpose.CHOICES, 1) == "pAXwTpbhxPiCiDzSr2EiADW4"
    assert make_token(Purpose.READ, 4_000_000_000) == "r7msoAM7pr3C2ao4SAO87se0yb9o"


@pytest.mark.parametrize("epoch", [0, 1, 2**16 - 1])
def test_a_token_is_no_longer_than_the_place_that_mails_keep_for_it(epoch):
    assert len(make_token(Purpose.MUTE, 2**63 - 1, epoch)) <= STORY_SLOT_BYTES


@given(numbers, purposes, purposes, epochs)
def test_a_token_of_one_purpose_opens_nothing_else(number, purpose, other, epoch):
    token = make_token(purpose, number, epoch)
    for forged in (token, other.value + token[1:]):
        if other is not purpose:
            with pytest.raises(BadToken):
                read_token(other, forged)


@given(numbers, epochs, st.integers(0, 40), st.sampled_from("AZaz09-_"))
def test_a_changed_token_is_refused(number, epoch, place, letter):
    token = make_token(Purpose.CHOICES, number, epoch)
    place = 1 + place % (len(token) - 1)
    changed = token[:place] + letter + token[place + 1 :]
    if changed == token:
        return
    with pytest.raises(BadToken):
        read_token(Purpose.CHOICES, changed)


@given(numbers, st.sampled_from(["=", "==", "\n", " ", ".", "A"]))
def test_a_token_has_one_spelling(number, tail):
    with pytest.raises(BadToken):
        read_token(Purpose.CHOICES, make_token(Purpose.CHOICES, number) + tail)


@pytest.mark.parametrize(
    "token", ["", "p", "pÄ", "p====", "p" + "A" * 500, "p\x00", "p AAAA", "💌"]
)
def test_rubbish_is_refused(token):
    with pytest.raises(BadToken):
        read_token(Purpose.CHOICES, token)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=numbers)
def test_a_token_outlives_a_key_rotation_and_dies_with_its_key(number, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the old key", []
    token = make_token(Purpose.CONFIRM, number)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new key", ["the old key"]
    assert read_token(Purpose.CONFIRM, token).number == number
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(BadToken):
        read_token(Purpose.CONFIRM, token)


def test_one_click_addresses_fit_a_header_line(settings):
    settings.BASE_URL = "https://news.example.org"
    assert len(unsubscribe_url("daily", 4_000_000_000)) <= 57


def test_links_begin_with_the_configured_address(settings):
    settings.BASE_URL = "https://news.example.org"
    reader = Subscriber(pk=1)
    for url in (choices_url(reader), confirm_url(reader), unsubscribe_url("weekly", 1)):
        assert url.startswith("https://news.example.org/")


@given(numbers, purposes)
def test_the_letter_of_a_token_cannot_be_another(number, purpose):
    with pytest.raises(BadToken):
        read_token(purpose, "x" + make_token(purpose, number)[1:])
