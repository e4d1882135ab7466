"""Pages lead on, and none offers what would throw away what somebody typed."""

import re

import pytest
from django.utils import timezone

from subscribers import moving
from subscribers.links import unsubscribe_url
from tests.factories import make_reader, make_source
from tests.subscribers.doors import GOOD
from tests.subscribers.rooms import address_path, mute_path, path, press

pytestmark = pytest.mark.django_db


def offers_languages(page):
    return bool(re.search(r'<button type="submit"\s+name="language"', page))


def test_a_form_that_was_sent_offers_no_other_language(client, settings):
    assert offers_languages(client.get("/").content.decode())
    assert not offers_languages(press("/", email="ada").content.decode())
    assert not offers_languages(press("/", **GOOD, action="preview").content.decode())
    assert not offers_languages(press("/", **GOOD).content.decode()), "check the inbox"
    settings.MIN_FORM_SECONDS = 60
    assert not offers_languages(press("/", **GOOD).content.decode()), "one more click"
    settings.MIN_FORM_SECONDS = settings.SIGN_UPS_PER_HOUR = 0
    assert not offers_languages(press("/", **GOOD).content.decode()), "a little later"


def leads_on(page):
    ways = re.search(r'<ul class="ways">(.*?)</ul>', page, re.DOTALL)
    return bool(ways) and 'href="/archive/"' in ways[1] and 'href="/"' in ways[1]


def test_pages_with_nothing_more_to_do_lead_to_the_archive_and_the_front_page(client):
    reader, ferry = make_reader(), make_source()
    moving.ask(reader.pk, "new@example.org", now=timezone.now())
    change, daily = address_path(reader.address_changes.get()), unsubscribe_url("daily", reader.pk)
    assert not leads_on(client.get(change).content.decode()), "there is a button to press"
    assert leads_on(press(change).content.decode())
    reader.refresh_from_db()
    press(mute_path(reader, ferry), action="for_good")
    assert leads_on(press(mute_path(reader, ferry), action="undo").content.decode())
    ferry.pk = 0
    assert leads_on(client.get(mute_path(reader, ferry)).content.decode())
    press(path(daily))
    assert leads_on(press(path(daily), again="daily").content.decode())
    make_reader("taken@example.org")
    moving.ask(reader.pk, "taken@example.org", now=timezone.now())
    for other in reader.address_changes.all():
        assert leads_on(client.get(address_path(other)).content.decode())


def test_the_front_page_says_in_its_head_what_a_link_to_it_shows(client, settings):
    settings.BASE_URL = "https://news.example.org"
    settings.PUBLICATION_NAME = "Harbour News"
    page = client.get("/").content.decode()
    tags = dict(re.findall(r'<meta property="(og:[a-z_:]+)"\s+content="([^"]*)">', page))
    assert tags["og:title"].strip() == "Subscribe to Harbour News"
    assert tags["og:url"] == "https://news.example.org/"
    assert tags["og:image"].startswith("https://news.example.org/static/share")
    assert tags["og:description"]
    assert '<link rel="canonical" href="https://news.example.org/">' in page
