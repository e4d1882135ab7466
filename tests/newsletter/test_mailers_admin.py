"""The page of the mailers: what stands there, and who may have one tried again."""

from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone
from lxml import html

from newsletter import mailers
from newsletter.models import MailerState
from newsletter.rates import days
from tests.newsletter.admin_pages import make_staff, text_of

pytestmark = pytest.mark.django_db

PAGE = "/admin/newsletter/mailerstate/"
SECRET = "hemmelig-4711"


@pytest.fixture
def two(settings):
    settings.OUTGOING_MAILERS = (
        {
            "name": "postmark",
            "backend": "anymail.backends.postmark.EmailBackend",
            "options": {"server_token": SECRET},
            "share": 3,
            "per_second": 0.5,
            "per_day": 100_000,
            "warm_up": (date(2020, 1, 2), 50, 1.5),
            "by_domain": {"gmail.com": 20.0},
        },
        {"name": "eu-relay", "backend": "newsletter.transport.SmtpBackend", "share": 0},
    )
    return {mailer.name: mailer for mailer in mailers.configured()}


def wake(client, name):
    return client.post(reverse("admin:newsletter_mailerstate_wake", args=[name]), follow=True)


def buttons(response):
    page = html.fromstring(response.content.decode())
    return page.xpath("//form[contains(@action, '/wake/')]/@action")


def test_each_mailer_says_what_it_is_and_what_it_may_be_given(admin_client, two):
    MailerState.objects.create(name="postmark", day=days.day_of(timezone.now()), begun=1234)
    response = admin_client.get(PAGE)
    page = text_of(response)
    for told in (
        "postmark works",
        "share 3 of 3",
        "backend postmark",
        "begun today 1,234 of 100,000",
        "0.5 a second · 100,000 messages a day · warming up from 2 January 2020: 50 on the first "
        "day, then each day 1.5 times the day before · to gmail.com: 20 a second",
        "eu-relay works",
        "backend SMTP",
        "share fallback",
        "No limits.",
    ):
        assert told in page
    assert SECRET not in response.content.decode()
    assert buttons(response) == []


def test_what_was_begun_yesterday_is_not_todays(admin_client, two):
    yesterday = days.day_of(timezone.now()) - timedelta(days=1)
    MailerState.objects.create(name="postmark", day=yesterday, begun=1234)
    assert "begun today 0 of 100,000" in text_of(admin_client.get(PAGE))


def test_one_that_does_not_work_says_until_when_and_why(admin_client, two):
    now = timezone.now()
    mailers.rest(two["postmark"], "503 <b>busy</b>", now=now, asked=timedelta(hours=1))
    mailers.rest(two["eu-relay"], "535 no", now=now, needs_operator=True)
    response = admin_client.get(PAGE)
    page = text_of(response)
    assert "postmark rests until" in page
    assert "503 <b>busy</b>" in page
    assert "eu-relay needs an operator 535 no" in page
    assert len(buttons(response)) == 2


def test_one_whose_rest_is_over_is_tried_next(admin_client, two):
    mailers.rest(two["postmark"], "503", now=timezone.now() - timedelta(hours=1))
    assert "postmark is tried with the next message" in text_of(admin_client.get(PAGE))


def test_an_operator_has_one_tried_again_and_that_is_written_down(admin_client, two):
    mailers.rest(two["postmark"], "535 no", now=timezone.now(), needs_operator=True)
    mailers.rest(two["eu-relay"], "535 no", now=timezone.now(), needs_operator=True)
    page = text_of(wake(admin_client, "eu-relay"))
    assert "eu-relay is tried again within a minute." in page
    assert list(mailers.in_need()) == ["postmark"]
    assert LogEntry.objects.get().change_message
    assert "eu-relay works already." in text_of(wake(admin_client, "eu-relay"))
    assert LogEntry.objects.count() == 1


def test_only_who_may_send_issues_has_one_tried_again(client, two):
    mailers.rest(two["postmark"], "535 no", now=timezone.now(), needs_operator=True)
    client.force_login(make_staff("newsletter.view_mailerstate"))
    assert buttons(client.get(PAGE)) == []
    assert wake(client, "postmark").status_code == 403
    client.force_login(make_staff("newsletter.send_issue", name="blind"))
    assert client.get(PAGE).status_code == 403
    assert wake(client, "postmark").status_code == 403
    assert mailers.in_need()
    both = ("newsletter.view_mailerstate", "newsletter.send_issue")
    client.force_login(make_staff(*both, name="operator"))
    assert len(buttons(client.get(PAGE))) == 1
    assert wake(client, "postmark").status_code == 200
    assert not mailers.in_need()


def test_looking_changes_nothing(admin_client, two):
    mailers.rest(two["postmark"], "535 no", now=timezone.now(), needs_operator=True)
    wakes = reverse("admin:newsletter_mailerstate_wake", args=["postmark"])
    assert admin_client.get(wakes).status_code == 405
    assert mailers.in_need()


def test_a_mailer_that_is_not_configured_cannot_be_woken(admin_client, two):
    MailerState.objects.create(name="former", needs_operator=True)
    assert wake(admin_client, "former").status_code == 404
    assert "former" not in text_of(admin_client.get(PAGE))


@pytest.mark.parametrize("page", ["add/", "1/change/", "1/delete/"])
def test_nobody_edits_rows_by_hand(admin_client, two, page):
    MailerState.objects.create(pk=1, name="postmark")
    assert admin_client.post(PAGE + page).status_code == 404


def test_the_sidebar_leads_there_whoever_may_look(client, two):
    client.force_login(make_staff("newsletter.view_mailerstate"))
    assert PAGE in client.get("/admin/").content.decode()
    client.force_login(make_staff(name="other"))
    assert PAGE not in client.get("/admin/").content.decode()
