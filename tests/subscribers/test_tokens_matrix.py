"""Every personal address opens for its own token alone, and breaks for none."""

import string
from urllib.parse import quote

import pytest
from django.urls import NoReverseMatch, reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter.models import Delivery
from subscribers.links import unsubscribe_url
from subscribers.models import AddressChange
from subscribers.tokens import Purpose, make_token
from tests.factories import make_issue, make_reader, make_source
from tests.subscribers.rooms import rows

pytestmark = pytest.mark.django_db

# What an address takes besides the token, and the purposes that open it.
ADDRESSES = {
    "subscribers:confirm": ((), {Purpose.CONFIRM}),
    "subscribers:choices": ((), {Purpose.CHOICES}),
    "subscribers:delete": ((), {Purpose.CHOICES}),
    "subscribers:unsubscribe": ((), {Purpose.UNSUBSCRIBE_DAILY, Purpose.UNSUBSCRIBE_WEEKLY}),
    "subscribers:mute": (("1-2",), {Purpose.MUTE}),
    "subscribers:address": ((), {Purpose.ADDRESS}),
    "newsletter:data": ((), {Purpose.CHOICES}),
    "newsletter:own_feed": (("atom",), {Purpose.FEED}),
    "newsletter:read": ((), {Purpose.READ}),
}
READ_ONLY = {"newsletter:data", "newsletter:own_feed", "newsletter:read"}
OPENED = {200, 410}
# One of every kind with the same number, so that nothing but the purpose tells them apart.
NUMBER = 1

every_address = pytest.mark.parametrize("name", ADDRESSES)


@pytest.fixture
def reader():
    for number in (1, 2):
        make_source(pk=number)
    reader = make_reader(pk=NUMBER)
    now = reader.created_at
    AddressChange.objects.create(
        pk=NUMBER, subscriber=reader, email="new@example.org", asked_at=now
    )
    Delivery.objects.create(pk=NUMBER, issue=make_issue(), subscriber=reader, due_at=now)
    return reader


def address(name, token):
    more, _purposes = ADDRESSES[name]
    return reverse(name, args=["TOKEN", *more]).replace("TOKEN", quote(token))


def statuses(client, url, name):
    posts = () if name in READ_ONLY else (client.post(url, {"action": "for_good"}),)
    return [response.status_code for response in (client.get(url), client.head(url), *posts)]


@every_address
@pytest.mark.parametrize("purpose", Purpose)
def test_an_address_opens_for_its_own_purpose_alone(client, reader, name, purpose):
    url = address(name, make_token(purpose, NUMBER))
    own = purpose in ADDRESSES[name][1]
    before = rows()
    if own:
        assert client.get(url).status_code in OPENED
    else:
        assert set(statuses(client, url, name)) == {404}
        assert "This link is not complete" in client.get(url).content.decode()
    assert rows() == before


@every_address
def test_a_letter_that_was_exchanged_opens_nothing(client, reader, name):
    for purpose in Purpose:
        for other in ADDRESSES[name][1] - {purpose}:
            forged = other.value + make_token(purpose, NUMBER)[1:]
            assert set(statuses(client, address(name, forged), name)) == {404}


@every_address
def test_tokens_outlive_a_rotation_of_keys_and_die_with_their_key(client, reader, name, settings):
    old = settings.SECRET_KEY
    tokens = [make_token(purpose, NUMBER) for purpose in ADDRESSES[name][1]]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key", ["one between", old]
    for token in tokens:
        assert client.get(address(name, token)).status_code in OPENED
    settings.SECRET_KEY_FALLBACKS = ["one between"]
    for token in tokens:
        assert set(statuses(client, address(name, token), name)) == {404}


@every_address
def test_purposes_stay_apart_with_the_keys_of_old(client, reader, name, settings):
    tokens = [make_token(purpose, NUMBER) for purpose in set(Purpose) - ADDRESSES[name][1]]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key"
    for token in tokens:
        assert client.get(address(name, token)).status_code == 404


RUBBISH = [
    "p",
    "pAQ",
    "öäü",
    "💌",
    "%",
    "%%%",
    "%00",
    "\x00",
    "..",
    "a" * 10_000,
    "p" + "A" * 10_000,
    "' OR 1=1 --",
    "<script>",
    "p====",
    " ",
]


@every_address
@pytest.mark.parametrize("token", RUBBISH, ids=lambda token: ascii(token)[:20])
def test_rubbish_gets_a_page_and_no_error(client, name, token):
    assert set(statuses(client, address(name, token), name)) == {404}


@every_address
@pytest.mark.parametrize("tail", [".", "...", "%", "%20", "=", "==", " ", "\n", ">", ")", "\u200b"])
def test_what_a_mail_program_adds_to_a_link_breaks_it_with_a_page(client, reader, name, tail):
    before = rows()
    for purpose in ADDRESSES[name][1]:
        url = address(name, make_token(purpose, NUMBER) + tail)
        assert set(statuses(client, url, name)) == {404}
    assert rows() == before


@every_address
def test_an_empty_token_is_no_address(client, name):
    with pytest.raises(NoReverseMatch):
        reverse(name, args=["", *ADDRESSES[name][0]])
    url = reverse(name, args=["TOKEN", *ADDRESSES[name][0]]).replace("TOKEN", "")
    assert client.get(url).status_code == 404


@every_address
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(place=st.integers(0, 23), letter=st.sampled_from(string.ascii_letters + string.digits))
def test_a_changed_letter_opens_nothing(client, name, place, letter):
    for purpose in ADDRESSES[name][1]:
        token = make_token(purpose, NUMBER)
        changed = token[:place] + letter + token[place + 1 :]
        if changed != token:
            assert client.get(address(name, changed)).status_code == 404


@every_address
@pytest.mark.parametrize("number", [NUMBER, 2**63 - 1, 2**64 - 1])
def test_a_token_of_somebody_who_is_not_there_gets_a_page(client, name, number):
    for purpose in ADDRESSES[name][1]:
        url = address(name, make_token(purpose, number))
        assert set(statuses(client, url, name)) <= {200, 404, 410}


@pytest.mark.parametrize("kind", ["daily", "weekly"])
@pytest.mark.parametrize("number", [1, 10**6, 10**9, 2**32 - 1])
def test_a_one_click_address_fits_a_line_of_a_header(settings, kind, number):
    settings.BASE_URL = "https://news.example.org"
    url = unsubscribe_url(kind, number)
    assert url.startswith("https://news.example.org/u/")
    assert len(url) <= 57
