"""A scanner of links, as companies and Microsoft run them, asks for everything in every mail."""

import re
from html import unescape

import pytest
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.utils import timezone

from newsletter.models import Issue
from newsletter.sending import drain
from newsletter.steering import send_now
from subscribers import letters, moving, subscribing
from subscribers.choices import Choices
from subscribers.models import ConsentEvent, Subscriber
from tests.factories import make_issue, make_reader, make_source, make_story, make_thread

pytestmark = pytest.mark.django_db(transaction=True)

# Every mail about a subscription: who makes it, words of its subject, and who got it here.
WRITTEN = [
    ("confirmation_mail", "Confirm your subscription", "waiting@example.com"),
    ("already_mail", "You already read", "ada@example.com"),
    ("address_mail", "Confirm your new address", "elsewhere@example.com"),
    ("taken_mail", "You already read", "carl@example.com"),
    ("moved_mail", "now goes to another address", "mover@example.com"),
]
LINK = re.compile(r"https?://[^\s<>\"']+")


def everything():
    """Return every row of every table of ours."""
    models = [
        model
        for label in ("newsletter", "subscribers", "auth")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    return {model: list(model.objects.order_by("pk").values()) for model in models}


def links_in(message):
    """Return the addresses of ours that stand anywhere in a message, its headers included."""
    parts = [str(message.body), *(str(part[0]) for part in message.alternatives)]
    parts += [str(value) for value in message.extra_headers.values()]
    found = {unescape(link) for part in parts for link in LINK.findall(part)}
    return {link.rstrip(".,)") for link in found if link.startswith(settings.BASE_URL)}


def one_of_every_mail():
    """Make everything happen that sends a mail."""
    now = timezone.now()
    ferry, harbour = make_source("Ferry", slug="ferry"), make_source("Harbour", slug="harbour")
    for kind in ("daily", "weekly"):
        issue = make_issue(kind, end=now.date())
        make_story(issue, ferry, harbour)
        make_story(issue, harbour)
        make_thread(issue)
    reader = make_reader("ada@example.com")
    make_reader("bo@example.com", sources=[ferry], language="de")
    for issue in Issue.objects.all():
        send_now(issue, now=now, confirmed_late=True)
        drain(issue.pk)
    subscribing.subscribe("new@example.com", Choices(), now=now)
    subscribing.subscribe("ada@example.com", Choices(), now=now)
    newcomer = Subscriber.objects.get(email="new@example.com")
    subscribing.confirm(newcomer.pk, now=now)
    assert newcomer.deliveries.filter(state="sent").exists(), "the welcome was sent"
    # What still waits for somebody's press must go on waiting.
    subscribing.subscribe("waiting@example.com", Choices(), now=now)
    former = make_reader("former@example.com", state="unsubscribed")
    subscribing.subscribe(former.email, Choices(), now=now)
    moving.ask(reader.pk, "elsewhere@example.com", now=now)
    moving.ask(newcomer.pk, make_reader("carl@example.com").email, now=now)
    mover = make_reader("mover@example.com")
    moving.ask(mover.pk, "moved@example.com", now=now)
    change = mover.address_changes.get()
    assert moving.move(change.pk, now=now) is moving.Moving.DONE


@pytest.fixture
def sent_mails(workers, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    one_of_every_mail()
    return list(mail.outbox)


def test_asking_for_every_link_of_every_mail_changes_nothing(sent_mails, client):
    made = {name for name in vars(letters) if name.endswith("_mail")}
    assert made == {letter for letter, _subject, _to in WRITTEN}, "a mail is not asked for here"
    for letter, subject, to in WRITTEN:
        assert any(subject in mail.subject and to in mail.to for mail in sent_mails), letter
    links = sorted(set().union(*map(links_in, sent_mails)))
    for page in ("/u/", "/f/", "/choices/", "/confirm/", "/address/", "/read/", "/archive/"):
        assert any(page in link for link in links), f"no mail has a link to {page}"
    before, mails = everything(), len(mail.outbox)
    for link in links:
        path = link.removeprefix(settings.BASE_URL)
        for method in (client.get, client.head):
            answer = method(path)
            assert answer.status_code in (200, 410), (path, answer.status_code)
            assert answer.content is not None
    assert everything() == before
    assert len(mail.outbox) == mails
    assert not ConsentEvent.objects.filter(kind="unsubscribed").exists()


def test_asking_for_every_link_of_every_page_behind_a_mail_changes_nothing(sent_mails, client):
    found = re.compile(r"""(?:href|action|src)=["'](/[^"'#]*)""")
    waiting = {
        link.removeprefix(settings.BASE_URL) for message in sent_mails for link in links_in(message)
    }
    before, seen = everything(), set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        assert client.head(path).status_code < 500, path
        answer = client.get(path)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            pages = {unescape(link) for link in found.findall(answer.content.decode())}
            waiting |= {page for page in pages if not page.startswith("/static/")} - seen
        assert answer.status_code < 500, path
        assert len(seen) < 2_000, "the pages lead on and on"
    assert len(seen) > 20
    assert everything() == before
