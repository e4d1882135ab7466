"""Pages that people meet seldom: copies of a mail, previews, and everything that went wrong."""

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone

from newsletter.links import read_url
from newsletter.models import Delivery
from newsletter.publishing import publish_all
from tests.end_to_end.barriers import shuts_nobody_out
from tests.factories import make_issue, make_reader, make_source, make_story
from tests.sends import sent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = 375, 1280
HTML = "text/html"
NOTES = ["subscribers/no_more_mail.html", "subscribers/old_link.html"]
FAULTS = ["400.html", "403.html", "403_csrf.html", "404.html", "413.html", "500.html"]


@pytest.fixture
def site(live_server, settings):
    settings.BASE_URL = live_server.url
    return live_server.url


def look(page, width):
    shuts_nobody_out(page, width)
    assert page.title().strip(), page.url


@pytest.fixture
def copies():
    """Send an issue; name the copies of one that was shown, one not sent, and nobody's."""
    chosen = make_source()
    for sources in ([chosen], None, None):
        make_reader(sources=sources)
    issue = make_issue(end=timezone.now().date())
    for source in (chosen, make_source()):
        make_story(issue, source)
    sent(issue)
    publish_all(timezone.now())
    shown, unsent, nobody = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk=unsent.pk).update(shown="")
    links = [read_url(row.pk, row.subscriber) for row in (shown, unsent, nobody)]
    nobody.subscriber.delete()
    return links


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_copies_and_previews_shut_nobody_out(site, open_page, copies, width):
    page = open_page(width=width)
    for path in copies:
        page.goto(path if path.startswith("http") else site + path)
        look(page, width)
    page.goto(site)
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Read it as you would have received it").click()
    opened.value.wait_for_load_state()
    look(opened.value, width)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_what_went_wrong_is_told_to_everybody(site, open_page, width):
    page = open_page(width=width)
    for number, template in enumerate([*FAULTS, "wrong_host.html", *NOTES]):
        html = render_to_string(template, request=RequestFactory().get("/somewhere"))
        # As the server would give it, under an address of the site, so that it finds its style.
        address = f"{site}/somewhere/{number}"
        page.route(address, lambda route, _, html=html: route.fulfill(body=html, content_type=HTML))
        page.goto(address)
        look(page, width)
        assert page.get_by_role("heading", level=1).is_visible(), template
