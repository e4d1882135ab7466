"""The headers of every page, whoever asks for it."""

import pytest
from django.conf import settings as django_settings

from newsletter.links import read_url
from newsletter.publishing import publish_all
from subscribers.links import choices_url, confirm_url, mute_token, mute_url, unsubscribe_url
from tests.factories import make_approved_issue, make_issue, make_reader, make_source, noon

pytestmark = pytest.mark.django_db

PUBLIC = ["/", "/archive/", "/archive/sources/", "/archive/search/?q=a", "/feeds/all.atom", "/no"]


@pytest.fixture
def personal_pages():
    source = make_source()
    reader = make_reader()
    issue = make_approved_issue(source)
    delivery = issue.deliveries.create(subscriber=reader, due_at=noon(issue))
    links = [
        choices_url(reader),
        confirm_url(reader),
        mute_url(mute_token(reader), [source.pk]),
        unsubscribe_url("daily", reader.pk),
        read_url(delivery.pk, reader),
    ]
    return [link.removeprefix(django_settings.BASE_URL) for link in links]


def test_no_page_allows_inline_code_or_to_be_framed(client, personal_pages):
    for path in PUBLIC + personal_pages:
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "unsafe" not in policy, path
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path


def test_the_form_for_other_sites_alone_may_be_framed(client):
    response = client.get("/embed/")
    assert "frame-ancestors *" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in response.headers


def test_pages_behind_a_token_are_kept_told_and_found_nowhere(client, personal_pages):
    for path in personal_pages:
        headers = client.get(path).headers
        assert headers["Referrer-Policy"] == "no-referrer", path
        assert "no-store" in headers["Cache-Control"], path
        assert "noindex" in headers["X-Robots-Tag"], path


def test_https_pages_tell_browsers_to_insist_on_it(client, settings):
    publish_all(noon(make_issue()))
    settings.SECURE_HSTS_SECONDS = 31_536_000
    for path in PUBLIC:
        told = client.get(path, secure=True).headers["Strict-Transport-Security"]
        assert told == "max-age=31536000", path
