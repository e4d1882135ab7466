"""Pages to look things up on, in plain words: deliveries, histories, staff, errors."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.urls import reverse
from lxml import html

from newsletter.models import Delivery, DeliveryEvent
from newsletter.steering import send_now
from tests.factories import (
    make_approved_issue,
    make_issue,
    make_reader,
    make_source,
    make_story,
    noon,
)
from tests.newsletter.admin_pages import form_of, issue_page, move_page, text_of

pytestmark = pytest.mark.django_db
WHEN = datetime(2026, 11, 20, 5, 1, tzinfo=UTC)


@pytest.fixture
def delivery():
    make_reader("ada@example.com")
    issue = make_approved_issue()
    send_now(issue, now=noon(issue))
    return Delivery.objects.get()


def delivery_page(delivery):
    return reverse("admin:newsletter_delivery_change", args=[delivery.pk])


def path_of(response):
    """Return the path above a page's title, as it is read."""
    heading = html.fromstring(response.content.decode()).xpath("//h1")[0]
    return " ".join(heading.text_content().replace("chevron_right", ">").split())


def test_a_delivery_says_in_words_what_became_of_it(admin_client, delivery):
    Delivery.objects.update(state="skipped", reason="filter_empty", due_at=WHEN)
    response = admin_client.get(delivery_page(delivery))
    page = text_of(response)
    assert "State skipped" in page
    assert "Why no story of their sources" in page
    assert "Due 20 November 2026, 05:01 UTC" in page
    assert "('" not in page
    assert "poison" not in page
    assert "intent" not in page


def test_a_delivery_says_who_has_it_and_what_a_bounce_means(admin_client, delivery):
    Delivery.objects.update(state="bounced", mailer="postmark", intent_at=WHEN, sent_at=WHEN)
    delivery.events.create(key="a", kind="bounced", bounce="gone", at=WHEN, detail="550 nobody")
    page = text_of(admin_client.get(delivery_page(delivery)))
    assert "Mailer postmark" in page
    assert "bounced 550 nobody is no more" in page


def test_a_delivery_is_headed_by_its_issue_and_reader(admin_client, delivery):
    response = admin_client.get(delivery_page(delivery))
    assert path_of(response) == "Deliveries"
    headings = html.fromstring(response.content.decode()).xpath("//main//h2/text()")
    assert headings[0] == "Engineering @ Scale — 2026-11-20 to ada@example.com"


def test_what_was_reported_about_a_message_is_a_table_only_if_there_is_something(
    admin_client, delivery
):
    title = "What was reported about it"
    assert title not in text_of(admin_client.get(delivery_page(delivery)))
    DeliveryEvent.objects.create(delivery=delivery, key="1", kind="bounced", at=WHEN, detail="550")
    page = text_of(admin_client.get(delivery_page(delivery)))
    assert title in page
    assert "20 November 2026, 05:01 UTC" in page
    assert "bounced 2026" not in page


@pytest.mark.parametrize(
    ("reply", "is_linked"),
    [("kept as 20261120T0501-abc.eml", True), ("250 OK", False), ("kept as ../x.eml", False)],
)
def test_a_kept_message_is_linked(admin_client, delivery, reply, is_linked):
    Delivery.objects.update(reply=reply)
    page = admin_client.get(delivery_page(delivery)).content.decode()
    assert ('href="/mailbox/20261120T0501-abc/"' in page) is is_linked


def test_moments_are_written_in_the_publications_zone_and_name_it(admin_client, delivery, settings):
    settings.TIME_ZONE = "Europe/Zurich"
    Delivery.objects.update(due_at=WHEN)
    for page in (delivery_page(delivery), reverse("admin:newsletter_delivery_changelist")):
        assert "20 November 2026, 06:01 CET" in text_of(admin_client.get(page))
    User.objects.update(last_login=WHEN)
    staff = text_of(admin_client.get(reverse("admin:auth_user_changelist")))
    assert "20 November 2026, 06:01 CET" in staff


def test_the_question_names_the_zone_of_the_first_hour(admin_client, settings):
    settings.TIME_ZONE = "Europe/Zurich"
    make_reader()
    issue = make_issue(end=datetime(2090, 1, 2, tzinfo=UTC).date())
    make_story(issue, make_source())
    page = text_of(admin_client.get(move_page(issue, "approve")))
    assert "the first from 1 January 2090, 11:00 CET on." in page


def test_a_history_has_each_moment_once(admin_client, delivery):
    issue = delivery.issue
    admin_client.post(move_page(issue, "pause"))
    LogEntry.objects.update(action_time=WHEN)
    address = reverse("admin:newsletter_issue_history", args=[issue.pk])
    page = text_of(admin_client.get(address))
    assert page.count("20 November 2026, 05:01 UTC") == 1
    assert "Date/time" not in page
    assert "Paused. Resume goes on with those who wait. admin" in page


@pytest.mark.parametrize(
    "page",
    [
        "admin:index",
        "admin:newsletter_issue_changelist",
        "admin:newsletter_issue_paste",
        "admin:subscribers_source_changelist",
        "admin:auth_user_changelist",
        "admin:newsletter_mailerstate_changelist",
    ],
)
def test_every_page_has_one_main_part(admin_client, page):
    tree = html.fromstring(admin_client.get(reverse(page)).content.decode())
    assert len(tree.xpath("//main")) == 1


def test_the_log_in_page_has_one_main_part(client):
    page = client.get(reverse("admin:login"))
    assert len(html.fromstring(page.content.decode()).xpath("//main")) == 1


def test_fields_of_a_sources_page_are_labelled(admin_client):
    source = make_source()
    page = admin_client.get(reverse("admin:subscribers_source_change", args=[source.pk]))
    tree = html.fromstring(page.content.decode())
    assert tree.get_element_by_id("id_merged_into").get("class", "").find("select2") == -1
    assert 'name="aliases-__prefix__-label"' in page.content.decode()
    assert tree.xpath("//input[@name='aliases-__prefix__-label']/@aria-label") == ["Label"]


def test_the_last_superuser_is_not_deleted(admin_client, admin_user):
    delete = reverse("admin:auth_user_delete", args=[admin_user.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [admin_user.pk], "post": "yes"}
    admin_client.post(reverse("admin:auth_user_changelist"), chosen)
    assert User.objects.filter(pk=admin_user.pk).exists()


def test_one_of_two_superusers_is_deleted(admin_client):
    other = User.objects.create_superuser("other")
    admin_client.post(reverse("admin:auth_user_delete", args=[other.pk]), {"post": "yes"})
    assert not User.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize("box", ["is_superuser", "is_active"])
def test_the_last_superuser_keeps_their_rights(admin_client, admin_user, box):
    address = reverse("admin:auth_user_change", args=[admin_user.pk])
    form = form_of(admin_client.get(address), "user_form")
    del form[box]
    assert "last active superuser" in text_of(admin_client.post(address, form))
    admin_user.refresh_from_db()
    assert admin_user.is_superuser
    assert admin_user.is_active


def test_an_error_below_admin_speaks_to_editors(admin_client, client):
    missing = admin_client.get(reverse("admin:newsletter_issue_export", args=[4711]))
    assert missing.status_code == 404
    assert "It was deleted, perhaps by somebody else" in text_of(missing)
    assert missing.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "archive" not in text_of(missing)
    elsewhere = text_of(client.get("/archive/nothing/"))
    assert "To the desk" not in elsewhere


def test_a_fault_below_admin_speaks_to_editors(admin_client, monkeypatch):
    def broken(*_args):
        raise RuntimeError

    monkeypatch.setattr("newsletter.admin.editing.export_text", broken)
    admin_client.raise_request_exception = False
    answer = admin_client.get(reverse("admin:newsletter_issue_export", args=[make_issue().pk]))
    assert answer.status_code == 500
    assert "Something broke" in text_of(answer)
    assert "Your choices" not in text_of(answer)


def test_a_browser_learns_that_it_is_logged_out(admin_client, client):
    here = reverse("admin:newsletter_issue_here")
    for page in (issue_page(make_issue()), reverse("admin:newsletter_issue_paste")):
        assert here in admin_client.get(page).content.decode()
    assert admin_client.get(here).status_code == 204
    admin_client.logout()
    assert "/login/" in admin_client.get(here).headers["Location"]
