"""Readers see no English where German is spoken: all pages, mails and feeds, looked through."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.conf import settings
from django.core import mail
from django.utils import timezone, translation
from django.views.csrf import csrf_failure
from django.views.defaults import permission_denied, server_error

from newsletter import publishing
from newsletter.models import Issue
from newsletter.sending import drain
from newsletter.steering import send_now
from subscribers import moving, subscribing
from subscribers.choices import Choices
from subscribers.links import choices_url, mute_token, mute_url, unsubscribe_url
from subscribers.models import AddressChange, Subscriber
from subscribers.tokens import Purpose, make_token
from tests.factories import make_issue, make_reader, make_source, make_story, make_thread
from tests.inspecting import Inspector

pytestmark = pytest.mark.django_db(transaction=True)

GERMAN = {"Accept-Language": "de-CH, de;q=0.9, en;q=0.5"}
LINK = re.compile(r"""https?://[^\s<>"']+""")
PATH = re.compile(r"""(?:href|action)=["'](/[^"'#]*)""")


@pytest.fixture
def publication(settings):
    """A publication whose own words are German, as an editor of one would write them."""
    settings.PUBLICATION_NAME = "Rundbrief"
    settings.PUBLICATION_TAGLINE = "Kurze Meldungen"
    settings.PUBLICATION_LANGUAGE = "de"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.POSTAL_ADDRESS = "Seestrasse 1, Rapperswil"


@pytest.fixture
def inspector():
    return Inspector()


def make_everything_happen():
    """Publish and send, so that there is something on every page, and let people come."""
    now = timezone.now()
    ferry = make_source("Fähre", slug="faehre", company="Reederei")
    harbour = make_source("Hafen", slug="hafen")
    for kind in ("daily", "weekly"):
        issue = make_issue(
            kind,
            end=now.date(),
            period_start=now.date() - timedelta(days=6 if kind == "weekly" else 0),
            opening="Was heute zählt.",
            patterns="Was mehrere gleich machten.",
            correction_note="Sechs Wochen, nicht vier.",
        )
        for sources in ([ferry, harbour], [harbour], []):
            make_story(
                issue,
                *sources,
                key=f"meldung-{len(sources)}",
                headline=f"{kind} {len(sources)} Seemeilen",
                company="Fa",
                body="Ein Satz.",
            )
        make_thread(issue, title="Nebel", body="Wie es weiterging.")
    reader = make_reader("ada@example.com", language="de")
    make_reader("bo@example.com", sources=[ferry], language="de")
    for issue in Issue.objects.all():
        send_now(issue, now=now, confirmed_late=True)
        drain(issue.pk)
        publishing.publish(issue.pk, now=now)
    german = Choices(language="de")
    subscribing.subscribe("neu@example.com", german, now=now)
    subscribing.subscribe("ada@example.com", german, now=now)
    moving.ask(reader.pk, "anderswo@example.com", now=now)
    subscribing.confirm(Subscriber.objects.get(email="neu@example.com").pk, now=now)
    return reader, [ferry, harbour]


def test_no_mail_to_a_german_reader_has_english_in_it(workers, publication, inspector):
    make_everything_happen()
    assert len({message.subject for message in mail.outbox}) >= 6
    for message in mail.outbox:
        inspector.texts(message.subject, [message.subject, str(message.body)])
        (html, _type), *_others = message.alternatives
        inspector.page(message.subject, str(html))
    assert inspector.found == {}


def test_no_page_that_links_lead_to_has_english_in_it(workers, publication, inspector, client):
    make_everything_happen()
    sent = " ".join(
        f"{message.body} {' '.join(str(part[0]) for part in message.alternatives)}"
        for message in mail.outbox
    )
    mailed = {unescape(link).rstrip(".,)") for link in LINK.findall(sent)}
    waiting = {link.removeprefix(settings.BASE_URL) for link in mailed}
    waiting = {path for path in waiting if path.startswith("/")} | {
        "/",
        "/embed/",
        "/archive/search/?q=Seemeilen",
        "/archive/search/?q=Nichtvorhanden",
        "/archive/search/?q=%21",
        "/archive/?kind=daily",
        "/gibt-es-nicht",
        "/choices/kaputt",
    }
    seen = set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        response = client.get(path, headers=GERMAN)
        inspector.answer(path, response)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            links = {unescape(link) for link in PATH.findall(response.content.decode())}
            waiting |= {link for link in links if not link.startswith("/static/")} - seen
    assert inspector.found == {}
    assert len(seen) > 30, seen


WISH = {
    "wants_daily": "on",
    "which": "all",
    "hour": "7",
    "time_zone": "UTC",
    "weekday": "5",
    "language": "de",
}


def posts_to_the_front_page():
    yield from (
        ("/", {}),
        ("/", {"email": "ada", "which": "some"}),
        ("/", {"email": "ada@example.com, bo@example.com"}),
        ("/", {"email": "Ada <ada@example.com>"}),
        ("/", {"email": "ädä@example.com"}),
        ("/", {"email": "x" * 300 + "@example.com"}),
        ("/", {"email": "neu@example.com", **WISH}),
        ("/subscribe.json", {"email": "neu@example.com", **WISH}),
        ("/subscribe.json", {"email": "neu"}),
        ("/preview/", WISH),
        ("/preview/", {**WISH, "which": "some", "sources": "hafen"}),
        ("/preview/", {**WISH, "show": "issue"}),
    )


def posts_from_mails(reader, sources):
    both = mute_url(mute_token(reader), [source.pk for source in sources])
    daily, weekly = (unsubscribe_url(kind, reader.pk) for kind in ("daily", "weekly"))
    move = f"/address/{make_token(Purpose.ADDRESS, AddressChange.objects.get().pk)}"
    yield from (
        (both, {"action": "for_days"}),
        (both, {"action": "for_days", "source": [str(sources[0].pk)]}),
        (both, {"action": "for_good", "source": [str(sources[1].pk)]}),
        (daily, {}),
        (daily, {"action": "reason", "words": "Zu viel"}),
        (weekly, {}),
        (weekly, {"again": "weekly"}),
        (move, {}),
        (move, {}),
    )


def posts_to_the_choices(reader, sources):
    for fields in (
        {**WISH, "action": "save"},
        {**WISH, "action": "save", "hour": "99", "time_zone": "Nirgendwo"},
        {"action": "pause"},
        {"action": "pause", "paused_until": "gestern"},
        {"action": "pause", "paused_until": "2020-01-01"},
        {"action": "pause", "paused_until": "2099-01-01"},
        {"action": "hear", "source": str(sources[0].pk)},
        {"action": "resume"},
        {"action": "move", "email": reader.email},
        {"action": "move", "email": "dort@example.com"},
        {"action": "leave"},
        {"action": "reason", "words": "Zu viel"},
        {**WISH, "action": "save", "hour": "9"},
        {"action": "undo"},
    ):
        yield choices_url(reader), fields


def test_no_answer_to_a_form_has_english_in_it(workers, publication, inspector, client):
    reader, sources = make_everything_happen()
    for url, data in (
        *posts_to_the_front_page(),
        *posts_from_mails(reader, sources),
        *posts_to_the_choices(reader, sources),
    ):
        answer = client.post(url, data, headers=GERMAN, follow=True)
        inspector.answer(f"{url} {data}", answer)
    assert inspector.found == {}


def test_who_is_asked_to_wait_is_asked_in_german(publication, inspector, client, settings):
    wish = {"email": "x@example.com", **WISH}
    settings.MIN_FORM_SECONDS = 60
    inspector.answer("too early", client.post("/", wish, headers=GERMAN))
    settings.SIGN_UPS_PER_HOUR, settings.MIN_FORM_SECONDS = 0, 0
    answer = client.post("/", wish, headers=GERMAN)
    assert answer.status_code == 429
    inspector.answer("too many", answer)
    assert inspector.found == {}


def test_pages_for_readers_who_cannot_be_mailed_are_german(publication, inspector, client):
    states = {
        "pending": {"confirmed_at": None},
        "unsubscribed": {"left_at": timezone.now()},
        "suppressed": {"suppression": "bounced"},
        "active": {"paused_until": timezone.now().date(), "time_zone": "Nirgendwo/Stadt"},
    }
    for state, fields in states.items():
        reader = make_reader(state=state, language="de", **fields)
        for url in (
            choices_url(reader),
            unsubscribe_url("daily", reader.pk),
            unsubscribe_url("weekly", reader.pk),
            f"{choices_url(reader)}/delete",
        ):
            inspector.answer(f"{state} {url}", client.get(url))
        response = client.post(f"{choices_url(reader)}/delete", {"action": "delete"})
        inspector.answer(f"{state} deleted", response)
    assert inspector.found == {}


def test_pages_of_errors_are_german(publication, inspector, client, rf, settings):
    inspector.answer("404", client.get("/nirgends", headers=GERMAN))
    inspector.answer("413", client.post("/", {"email": "x" * 10_000_000}, headers=GERMAN))
    strange = client.get("/", headers={**GERMAN, "host": "fremd.example.org"})
    assert strange.status_code == 400
    inspector.answer("400", strange)
    with translation.override("de"):
        inspector.answer("403", permission_denied(rf.get("/"), PermissionError()))
        inspector.answer("403 CSRF", csrf_failure(rf.get("/")))
        inspector.answer("500", server_error(rf.get("/")))
    assert inspector.found == {}


def test_the_language_of_a_page_is_told_in_its_head_too(publication, client):
    assert client.get("/", headers=GERMAN).headers["Content-Language"] == "de"
    assert client.get("/").headers["Content-Language"] == "en"
    reader = make_reader(language="de")
    assert client.get(choices_url(reader)).headers["Content-Language"] == "de"


def test_a_reader_finds_every_language_by_its_own_name(publication, client):
    page = client.get(choices_url(make_reader(language="de"))).content.decode()
    options = re.findall(r'<option value="(en|de)"[^>]*>\s*([^<]*?)\s*</option>', page)
    assert options == [("en", "English"), ("de", "Deutsch")]


def test_days_of_the_week_and_months_are_german(publication, client):
    reader = make_reader(language="de", paused_until=date(2099, 11, 20))
    page = " ".join(client.get(choices_url(reader)).content.decode().split())
    assert "Freitag, 20. November 2099" in page
    assert "Donnerstag" in page
