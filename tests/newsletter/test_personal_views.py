"""What readers see of themselves: their copy of an issue, and their data."""

import json
import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from newsletter.links import read_url
from newsletter.models import Issue
from newsletter.publishing import publish
from newsletter.states import IssueState
from subscribers.links import token_of
from subscribers.models import Subscriber
from subscribers.tokens import Purpose, make_token
from tests.factories import make_approved_issue, make_issue, make_reader, make_source, noon
from tests.newsletter.personal_pages import feed_path, is_private
from tests.newsletter.received import make_delivery
from tests.newsletter.test_hostile_issues import HOSTILE

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def base_url(settings):
    settings.BASE_URL = "https://digest.example"


def read_path(delivery):
    return read_url(delivery.pk, delivery.subscriber).removeprefix("https://digest.example")


def data_path(reader):
    return reverse("newsletter:data", args=[token_of(Purpose.CHOICES, reader)])


def sent_issue(*sources, **fields):
    """Approve an issue, mark it sent and publish it."""
    issue = make_approved_issue(*sources, **fields)
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.SENT.value)
    publish(issue.pk, now=noon(issue))
    return issue


# As you received it


def test_the_page_shows_the_mails_stories_and_names_the_others(client):
    issue = sent_issue(*(make_source() for _ in range(3)))
    first, second, third = issue.stories.all()
    delivery = make_delivery(issue, make_reader(), shown="5")
    response = client.get(read_path(delivery))
    page = response.content.decode()
    assert response.status_code == 200
    assert is_private(response)
    assert "As you received it" in page
    assert "2 of 3 stories" in page
    assert issue.opening in page
    for story in (first, third):
        assert f'id="{story.key}"' in page
    assert f'id="{second.key}"' not in page
    public = f"https://digest.example/archive/{issue.slug}/"
    assert f'<a href="{public}#{second.key}">{second.headline}</a>' in page
    assert f'<link rel="canonical" href="{public}">' in page
    assert f'<a href="{public}">Share' in page


def test_no_address_on_the_page_is_personal(client):
    issue = sent_issue(make_source())
    reader = make_reader("anna@example.com")
    delivery = make_delivery(issue, reader, shown="1")
    page = client.get(read_path(delivery)).content.decode()
    assert read_path(delivery).rpartition("/")[2] not in page
    assert "anna@example.com" not in page
    for purpose in Purpose:
        for number in (reader.pk, delivery.pk):
            assert make_token(purpose, number) not in page


def test_what_was_corrected_since_is_told_beside_what_was_received(client):
    issue = sent_issue(make_source())
    delivery = make_delivery(issue, make_reader(), shown="1")
    received = issue.stories.get().headline
    issue.stories.update(headline="Put right")
    Issue.objects.update(correction_note="It was six weeks, not four.")
    publish(issue.pk, now=noon(issue) + DAY)
    page = client.get(read_path(delivery)).content.decode()
    assert received in page
    assert "Put right" not in page
    assert "It was six weeks, not four." in page


@pytest.mark.parametrize(
    "fields", [{"shown": ""}, {"shown": "1", "state": "failed", "reason": "refused"}], ids=str
)
def test_where_the_copy_is_not_known_the_page_leads_to_the_issue(client, fields):
    issue = sent_issue(make_source())
    response = client.get(read_path(make_delivery(issue, make_reader(), **fields)))
    page = response.content.decode()
    assert response.status_code == 200
    assert is_private(response)
    assert "We cannot show your copy" in page
    assert f'href="https://digest.example/archive/{issue.slug}/"' in page


def test_without_a_public_issue_nothing_leads_to_it(client):
    issue = make_approved_issue(make_source(), make_source())
    first = issue.stories.all()[0]
    for shown, said in (("1", first.headline), ("", "To the archive")):
        reader = make_reader()
        page = client.get(read_path(make_delivery(issue, reader, shown=shown))).content.decode()
        assert said in page
        assert 'rel="canonical"' not in page
        assert "Share" not in page


def test_a_deleted_readers_copy_is_gone(client):
    issue = sent_issue(make_source())
    reader = make_reader()
    delivery = make_delivery(issue, reader, shown="1")
    path = read_path(delivery)
    reader.delete()
    response = client.get(path)
    page = response.content.decode()
    assert response.status_code == 404
    assert is_private(response)
    assert "This copy is gone" in page
    assert issue.stories.get().headline not in page
    delivery.delete()
    assert client.get(path).content.decode() == page


def test_the_page_speaks_the_readers_language(client):
    delivery = make_delivery(sent_issue(make_source()), make_reader(language="de"), shown="1")
    response = client.get(read_path(delivery), headers={"accept-language": "en"})
    assert response["Content-Language"] == "de"
    assert '<html lang="de"' in response.content.decode()


@pytest.mark.parametrize("text", HOSTILE.values())
def test_no_text_takes_the_page_down_or_runs(client, text):
    text = text.encode("utf-8", "ignore").decode().replace("\x00", "")
    issue = sent_issue(make_source())
    delivery = make_delivery(issue, make_reader(), shown="1")
    content = delivery.revision.content
    content |= {"opening": text, "patterns": text}
    content["stories"][0] |= {"headline": text, "company": text, "body": text, "via": text}
    delivery.revision.save()
    page = client.get(read_path(delivery)).content.decode()
    assert "<script>alert" not in page
    assert "onerror=" not in re.sub(r"&lt;.*?&gt;", "", page)


# What you sent me


def test_the_data_is_a_file_that_nobody_keeps(client):
    reader = make_reader("anna@example.com")
    make_delivery(sent_issue(make_source()), reader, shown="1")
    response = client.get(data_path(reader))
    assert response.status_code == 200
    assert is_private(response)
    assert response["Content-Type"] == "application/json"
    name = re.fullmatch(
        r'attachment; filename="broadsheet-data-(\d{4}-\d\d-\d\d)\.json"',
        response["Content-Disposition"],
    )
    assert date.fromisoformat(name[1])
    found = json.loads(response.getvalue())
    assert found["reader"]["email"] == "anna@example.com"
    link = found["deliveries"][0]["as_you_received_it"]
    assert client.get(link.removeprefix("https://digest.example")).status_code == 200


def test_the_data_of_a_deleted_reader_is_gone(client):
    reader = make_reader()
    path = data_path(reader)
    reader.delete()
    assert client.get(path).status_code == 410


# All of them


def paths_of(reader, delivery):
    return {
        Purpose.READ: read_path(delivery),
        Purpose.FEED: feed_path(reader),
        Purpose.CHOICES: data_path(reader),
    }


def test_a_token_opens_what_it_was_made_for_and_nothing_else(client):
    reader = make_reader()
    delivery = make_delivery(sent_issue(make_source()), reader, shown="1")
    own = {purpose: make_token(purpose, delivery.pk) for purpose in Purpose}
    for purpose, path in paths_of(reader, delivery).items():
        token = re.search(r"/([a-z][\w-]{20,})", path)[1]
        for other in Purpose:
            if other != purpose:
                response = client.get(path.replace(token, own[other]))
                assert response.status_code == 404
                assert is_private(response)
        assert client.get(path.replace(token, token[:-1])).status_code == 404
        assert client.get(path.replace(token, "x" * 300)).status_code == 404


def test_reading_changes_nothing_and_posting_is_refused(client):
    reader = make_reader()
    delivery = make_delivery(sent_issue(make_source()), reader, shown="1")
    before = [list(model.objects.values()) for model in (Subscriber, type(delivery), Issue)]
    for path in paths_of(reader, delivery).values():
        assert client.head(path).status_code == 200
        response = client.get(path)
        assert response.status_code == 200
        b"".join(response) if response.streaming else response.content
        assert client.post(path).status_code == 405
    assert [list(model.objects.values()) for model in (Subscriber, type(delivery), Issue)] == before


def test_an_issue_that_was_never_sent_has_no_copy(client):
    issue = make_issue()
    delivery = issue.deliveries.create(subscriber=make_reader(), due_at=timezone.now())
    assert "We cannot show your copy" in client.get(read_path(delivery)).content.decode()
