"""The mail as a chosen reader would get it, saved or not."""

import re

import pytest
from django.urls import reverse

from newsletter.admin.preview import content_from, for_screen, number
from newsletter.content import content_of
from newsletter.models import Issue
from tests.factories import make_issue, make_reader, make_source, make_story, make_thread
from tests.newsletter.admin_pages import form_of, issue_page, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def issue():
    issue = make_issue(opening="The opening as it is stored.")
    make_story(issue, make_source("First Blog"), headline="The first story")
    make_story(issue, make_source("Second Blog"), headline="The second story")
    return issue


def mail_page(issue):
    return reverse("admin:newsletter_issue_preview", args=[issue.pk])


def facts_page(issue):
    return reverse("admin:newsletter_issue_facts", args=[issue.pk])


def test_an_untouched_form_has_the_stored_content(admin_client, rf, issue):
    make_story(issue, headline="With a thread", body="Two\n\nparagraphs.")
    form = form_of(admin_client.get(issue_page(issue)))
    assert content_from(issue, rf.post("/", form).POST) == content_of(issue)


def test_the_weeklys_untouched_form_too(admin_client, rf):
    weekly = make_issue("weekly")
    make_story(weekly, make_source())
    make_thread(weekly, key="thread-0")
    form = form_of(admin_client.get(issue_page(weekly)))
    assert content_from(weekly, rf.post("/", form).POST) == content_of(weekly)


def test_what_is_typed_but_not_saved_is_previewed_and_not_stored(admin_client, issue):
    form = form_of(admin_client.get(issue_page(issue))) | {
        "opening": ["An opening being typed."],
        "stories-TOTAL_FORMS": ["3"],
        "stories-2-headline": ["A story being typed"],
        "stories-2-body": ["Its body."],
        "stories-0-DELETE": ["on"],
    }
    page = admin_client.post(mail_page(issue), form).content.decode()
    assert "An opening being typed." in page
    assert "A story being typed" in page
    assert "The first story" not in page
    assert Issue.objects.get().opening == "The opening as it is stored."
    assert issue.stories.count() == 2


def test_a_half_typed_date_and_number_do_not_break_the_preview(admin_client, issue):
    form = form_of(admin_client.get(issue_page(issue))) | {
        "period_end": ["2026-13-"],
        "kind": ["hourly"],
        "stories-TOTAL_FORMS": ["many"],
        "threads-TOTAL_FORMS": ["9" * 40],
        "mix": ["x"],
        "view_as": ["mix"],
    }
    assert admin_client.post(mail_page(issue), form).status_code == 200
    assert admin_client.post(facts_page(issue), form).status_code == 200


def test_a_reader_sees_only_their_stories(admin_client, issue):
    first = issue.stories.first().sources.get()
    make_reader("ada@example.com", sources=[first])
    data = {"view_as": "reader", "reader": " Ada@example.com "}
    page = admin_client.get(mail_page(issue), data).content.decode()
    assert "The first story" in page
    assert "The second story" not in page
    facts = admin_client.get(facts_page(issue), data).json()
    assert facts["stories"] == "1 of 2 stories for ada@example.com"


def test_a_made_up_mix_follows_merged_sources(admin_client, issue):
    old = make_source("Old Name", merged_into=issue.stories.last().sources.get())
    facts = admin_client.get(facts_page(issue), {"view_as": "mix", "mix": [old.pk]}).json()
    assert facts["stories"].startswith("1 of 2")


def test_an_empty_mix_says_that_such_a_reader_is_skipped(admin_client, issue):
    data = {"view_as": "mix", "mix": [make_source().pk]}
    assert "this reader is skipped" in admin_client.get(mail_page(issue), data).content.decode()
    assert admin_client.get(facts_page(issue), data).json()["empty"] is True


def test_an_unknown_reader_is_said_to_be_unknown(admin_client, issue):
    data = {"view_as": "reader", "reader": "nobody@example.com"}
    facts = admin_client.get(facts_page(issue), data).json()
    assert "no such reader" in facts["stories"]


def test_the_inbox_line_has_subject_preheader_and_their_lengths(admin_client, issue):
    facts = admin_client.get(facts_page(issue)).json()
    assert facts["subject"] == "The first story"
    assert facts["preheader"] == "The opening as it is stored."
    assert "15" in facts["counters"]


def test_the_frame_runs_nothing_and_loads_nothing(admin_client, issue):
    answer = admin_client.get(mail_page(issue))
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("data", [{"frame": "text"}, {}, {"dark": "1"}])
def test_hostile_text_is_inert_in_every_view(admin_client, issue, data):
    Issue.objects.update(opening="</pre><script>alert(1)</script>")
    assert "<script>alert" not in admin_client.get(mail_page(issue), data).content.decode()


def test_the_preview_speaks_the_language_that_was_chosen(admin_client, issue):
    def language(data):
        page = admin_client.get(mail_page(issue), data).content.decode()
        return re.search(r'<html lang="([^"]+)"', page)[1]

    assert language({"language": "de"}) == "de"
    for asked in ({}, {"language": "tlh"}, {"language": "en"}):
        assert language(asked) == "en"


def test_the_preview_begins_in_the_publications_language(admin_client, issue, settings):
    settings.PUBLICATION_LANGUAGE = "de"
    page = admin_client.get(issue_page(issue)).content.decode()
    chosen = re.search(r'<option value="(\w+)"\s+lang="\w+"\s+selected', page)
    assert chosen is not None
    assert chosen[1] == "de"
    assert '<html lang="de"' in admin_client.get(mail_page(issue)).content.decode()


def test_plain_text_is_the_text_part(admin_client, issue):
    page = admin_client.get(mail_page(issue), {"frame": "text"}).content.decode()
    assert "<pre" in page
    assert "The second story" in page


@pytest.mark.parametrize(("dark", "query"), [(True, "@media all"), (False, "@media not all")])
def test_the_preview_decides_for_itself_what_is_dark(dark, query):
    mail = "<style>@media (prefers-color-scheme: dark) { p { color: white } }</style>"
    assert for_screen(mail, dark=dark) == f"<style>{query} {{ p {{ color: white }} }}</style>"


def test_a_dark_mail_has_its_dark_rules_on(admin_client, issue):
    page = admin_client.get(mail_page(issue), {"dark": "1"}).content.decode()
    assert "prefers-color-scheme: dark" not in page
    assert "@media all" in page


def test_what_cannot_be_rendered_is_explained_in_the_frame(admin_client, issue):
    Issue.objects.update(opening="word " * 30_000)
    page = admin_client.get(mail_page(issue))
    assert "This cannot be made into a mail" in page.content.decode()
    assert "error" in admin_client.get(facts_page(issue)).json()
    assert admin_client.get(issue_page(issue)).status_code == 200


def test_addresses_are_offered_to_those_who_may_see_readers(client):
    make_reader("ada@example.com")
    make_reader("bob@example.com")
    address = reverse("admin:newsletter_issue_readers")
    client.force_login(make_staff("subscribers.view_subscriber", name="looks"))
    assert client.get(address, {"q": "AD"}).json() == {"readers": ["ada@example.com"]}
    assert client.get(address).json() == {"readers": []}
    client.force_login(make_staff("newsletter.view_issue", name="writes"))
    assert client.get(address, {"q": "a"}).status_code == 403


def test_a_preview_needs_the_right_to_see_the_issue(client, issue):
    client.force_login(make_staff("subscribers.view_subscriber"))
    assert client.get(mail_page(issue)).status_code == 403
    assert client.get(facts_page(issue)).status_code == 403


def test_one_readers_mail_needs_the_right_to_see_readers(client, issue):
    make_reader("ada@example.com", sources=[issue.stories.first().sources.get()])
    client.force_login(make_staff("newsletter.view_issue", name="writes"))
    data = {"view_as": "reader", "reader": "ada@example.com"}
    assert client.get(facts_page(issue), data).json()["stories"].startswith("2 of 2 stories")
    assert b'value="reader"' not in client.get(issue_page(issue)).content
    client.force_login(
        make_staff("newsletter.view_issue", "subscribers.view_subscriber", name="looks")
    )
    assert client.get(facts_page(issue), data).json()["stories"].startswith("1 of 2 stories")
    assert b'value="reader"' in client.get(issue_page(issue)).content


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("", None), (None, None), ("-1", None), ("x", None), ("9" * 5_000, None)],
)
def test_a_number_of_a_form_is_read_or_is_none(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    "name", ["stories-TOTAL_FORMS", "stories-0-position", "stories-0-credited", "mix"]
)
def test_endless_digits_do_not_break_the_preview(admin_client, issue, name):
    form = form_of(admin_client.get(issue_page(issue))) | {
        "view_as": ["mix"],
        name: ["9" * 5_000],
    }
    assert admin_client.post(mail_page(issue), form).status_code == 200
