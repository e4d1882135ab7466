"""The publication's own words are marked where the page around them speaks another language."""

import re

import pytest
from django.utils import timezone

from newsletter.models import Delivery
from newsletter.sending import drain
from newsletter.steering import send_now
from subscribers.links import choices_url
from subscribers.tokens import Purpose, make_token
from tests.factories import make_issue, make_reader, make_source, make_story
from tests.newsletter.archive_pages import sent, text_of
from tests.newsletter.public_issues import make_public

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def publication(settings):
    settings.PUBLICATION_LANGUAGE = "fr"
    settings.PUBLICATION_TAGLINE = "Du port"


def language_around(page, words):
    """Return the language that the words are marked as, by the nearest element that says one."""
    before = page[: page.index(words)]
    opened = []
    for closing, name, attributes in re.findall(r"<(/?)([a-z][a-z0-9]*)\b([^>]*)>", before):
        if closing:
            while opened and opened.pop()[0] != name:
                pass
        elif name not in ("meta", "link", "input", "br"):
            opened.append((name, attributes))
    said = [re.search(r'\blang="([^"]+)"', attributes) for _name, attributes in opened]
    return next((found[1] for found in reversed(said) if found), None)


def test_the_tagline_is_marked(client):
    for path in ("/", "/archive/", "/embed/", "/nothing-here"):
        page = client.get(path).content.decode()
        assert language_around(page.partition("<body")[2], "Du port") == "fr", path
        assert language_around(page, "Subscribe") in ("en", None)


def test_what_a_choice_brings_is_marked(client):
    make_public(make_source(), end=timezone.now().date(), headlines=["Le quai"])
    reader = make_reader()
    pages = (
        client.get("/"),
        client.get(choices_url(reader)),
        client.post("/preview/", {"wants_daily": "on"}),
    )
    for response in pages:
        assert language_around(response.content.decode(), "Le quai") == "fr"


def test_lists_and_results_are_marked_and_our_own_words_are_not(client):
    issue = sent(opening="Les quais gèlent.", subject="Le quai et la mer")
    make_story(issue, headline="Le phare", body="Un bateau est parti.")
    for path, words in (
        ("/archive/", "Le quai et la mer"),
        ("/archive/2026/11/", "Le quai et la mer"),
        (f"/archive/{issue.slug}/", "Le phare"),
        ("/archive/search/?q=phare", "phare</mark>"),
        ("/archive/search/?q=bateau", "bateau</mark>"),
        ("/archive/search/?q=quais", "quais</mark>"),
    ):
        page = text_of(client, path).partition("<main")[2]
        assert language_around(page, words) == "fr", path
    page = text_of(client, "/archive/search/?q=quais").partition("<main")[2]
    assert language_around(page, "Signal of the Day") is None


def test_stories_that_were_left_out_are_marked(client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    ferry = make_source()
    make_reader(sources=[ferry])
    issue = make_issue()
    make_story(issue, ferry, headline="Le ferry")
    make_story(issue, make_source(), headline="Le tram")
    send_now(issue, now=timezone.now(), confirmed_late=True)
    drain(issue.pk)
    token = make_token(Purpose.READ, Delivery.objects.get().pk)
    page = client.get(f"/read/{token}").content.decode()
    assert language_around(page, "Le ferry") == "fr"
    assert language_around(page, "Le tram") == "fr"


def test_a_page_in_the_publications_language_needs_no_marks(client, settings):
    settings.PUBLICATION_LANGUAGE = "en"
    issue = sent()
    make_story(issue)
    page = text_of(client, f"/archive/{issue.slug}/")
    # That of the page, and that of the button for the other language.
    assert re.findall(r'\blang="([^"]+)"', page) == ["en", "de"]
