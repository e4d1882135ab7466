"""The box for a digest's text."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from lxml import html

from newsletter.models import Issue
from tests.newsletter.admin_pages import make_staff, text_of

pytestmark = pytest.mark.django_db
GOOD = """\
Engineering @ Scale — 2026-11-18#
Signal of the Day#
Teams measure before they cache.
Deep Dives#
[Example Corp Halves Its Build Times] · Example Corp · Source A cold build took long.
Patterns Across Companies#
Caches everywhere.
"""
# A section that nobody knows is a matter for review; a day that does not exist is an error.
ODD = GOOD.replace("Deep Dives#", "Odd Section#")
BAD = GOOD.replace("2026-11-18", "2026-13-18")


@pytest.fixture
def box():
    return reverse("admin:newsletter_issue_paste")


def test_a_check_stores_nothing_and_says_what_saving_would_do(admin_client, box):
    page = text_of(admin_client.post(box, {"text": GOOD, "check": "1"}))
    assert "Can be saved as a new draft." in page
    assert not Issue.objects.exists()


def test_a_fault_is_shown_with_its_line_and_the_lines_text(admin_client, box):
    page = admin_client.post(box, {"text": ODD, "check": "1"})
    assert "Line 4" in text_of(page)
    assert "<q" in page.content.decode()
    assert "Odd Section#" in page.content.decode().split("data-reports")[1]


def test_saving_leads_to_the_issue(admin_client, box):
    answer = admin_client.post(box, {"text": GOOD, "save": "1"})
    issue = Issue.objects.get()
    assert answer.headers["Location"] == reverse("admin:newsletter_issue_change", args=[issue.pk])
    assert issue.slug == "daily-2026-11-18"


def test_what_has_an_error_is_not_stored_and_stays_in_the_box(admin_client, box):
    page = admin_client.post(box, {"text": BAD, "save": "1"})
    assert not Issue.objects.exists()
    assert "Nothing was stored." in text_of(page)
    assert "Teams measure before they cache." in text_of(page)


def test_saving_the_same_text_again_says_that_it_is_there(admin_client, box):
    admin_client.post(box, {"text": GOOD, "save": "1"})
    page = text_of(admin_client.post(box, {"text": GOOD, "save": "1"}, follow=True))
    assert "exactly like this" in page


def test_line_ends_of_a_browser_do_not_move_the_lines(admin_client, box):
    page = admin_client.post(box, {"text": ODD.replace("\n", "\r\n"), "check": "1"})
    assert "Line 4" in text_of(page)


def test_a_file_is_read_and_moves_into_the_box(admin_client, box):
    file = SimpleUploadedFile("digest.txt", b"\xef\xbb\xbf" + GOOD.encode())
    page = text_of(admin_client.post(box, {"file": file, "check": "1"}))
    assert "Teams measure before they cache." in page
    assert "Can be saved" in page


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"caf\xe9", "is no UTF-8 text: byte 3"),
        (b"GIF89a\x00\x01", "is a binary file"),
        (b"x" * 1_000_001, "a digest has at most"),
    ],
)
def test_a_file_that_is_no_digest_is_refused_in_words(admin_client, box, content, complaint):
    file = SimpleUploadedFile("thing", content)
    assert complaint in text_of(admin_client.post(box, {"file": file, "save": "1"}))
    assert not Issue.objects.exists()


def test_an_empty_box_asks_for_a_text(admin_client, box):
    assert "Paste a digest's text" in text_of(admin_client.post(box, {"save": "1"}))


def test_a_live_check_gets_the_lines_alone(admin_client, box):
    answer = admin_client.post(box, {"text": ODD}, headers={"X-Requested-With": "fetch"})
    assert "Line 4" in text_of(answer)
    assert "<html" not in answer.content.decode()
    assert not Issue.objects.exists()


def test_hostile_lines_stay_text(admin_client, box):
    text = GOOD + "<script>alert(1)</script>#\n"
    for headers in ({}, {"X-Requested-With": "fetch"}):
        page = admin_client.post(box, {"text": text, "check": "1"}, headers=headers)
        assert "<script>alert" not in page.content.decode()


def test_suggestions_can_be_accepted_with_the_text(admin_client, box):
    text = GOOD.replace("Example Corp · Source", "Example Corp")
    admin_client.post(box, {"text": text, "save": "1", "accept_suggestions": "on"})
    credits = Issue.objects.get().stories.values_list("credits__confirmed", flat=True)
    assert False not in credits


def test_who_may_not_add_issues_may_not_paste(client, box):
    client.force_login(make_staff("newsletter.view_issue"))
    assert client.get(box).status_code == 403
    assert client.post(box, {"text": GOOD, "save": "1"}).status_code == 403


@pytest.fixture
def adder(client):
    """Somebody who may add issues, and not change those that are there."""
    client.force_login(make_staff("newsletter.view_issue", "newsletter.add_issue"))
    return client


def test_who_may_only_add_issues_stores_a_new_one(adder, box):
    adder.post(box, {"text": GOOD, "save": "1"})
    assert Issue.objects.exists()


def test_who_may_only_add_issues_changes_none_by_pasting(admin_client, adder, box):
    admin_client.post(box, {"text": GOOD, "save": "1"})
    changed = GOOD.replace("Caches everywhere.", "Queues everywhere.")
    checked = text_of(adder.post(box, {"text": changed, "check": "1"}))
    assert "is stored already, and you may not change it." in checked
    saved = text_of(adder.post(box, {"text": changed, "save": "1"}))
    assert "Nothing was stored." in saved
    assert "Queues everywhere." in saved
    assert Issue.objects.get().patterns == "Caches everywhere."


def test_the_page_is_headed_by_its_own_name(admin_client, box):
    page = html.fromstring(admin_client.get(box).content.decode())
    assert " ".join(page.xpath("//h1")[0].text_content().split()) == "New issue from text"
    assert page.xpath("//main//h2")
