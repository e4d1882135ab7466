"""Pages that are built once and stamped for each visitor."""

import pytest

from subscribers.admission import age_of
from subscribers.models import Source
from subscribers.views import stamped
from tests.factories import make_source
from tests.subscribers.doors import fields_on

pytestmark = pytest.mark.django_db


def page(client, path="/", **headers):
    return client.get(path, headers=headers).content.decode()


@pytest.mark.parametrize("path", ["/", "/embed/"])
def test_every_visitor_gets_a_stamp_of_that_moment(client, time_machine, path):
    time_machine.move_to("2026-11-20T12:00Z", tick=False)
    first = fields_on(page(client, path))["stamp"]
    time_machine.shift(5)
    second = fields_on(page(client, path))["stamp"]
    assert first != second
    for stamp, seconds in ((first, 5), (second, 0)):
        (text,) = stamp
        assert age_of(text, stamped.timezone.now()).total_seconds() == seconds


def test_a_second_visitor_costs_one_question_to_the_database(client, django_assert_num_queries):
    make_source()
    page(client)
    with django_assert_num_queries(1):
        page(client)


def test_a_change_of_the_catalogue_is_seen_at_once(client):
    source = make_source("Ferry Weekly")
    assert "Ferry Weekly" in page(client)
    Source.objects.filter(pk=source.pk).update(name="Ferry Monthly")
    assert "Ferry Monthly" in page(client)
    make_source("Harbour Log")
    assert "Harbour Log" in page(client)


def test_a_changed_setting_is_seen_at_once(client, settings):
    page(client)
    settings.PUBLICATION_NAME = "The Other News"
    settings.PROOF_OF_WORK_BITS = 9
    shown = page(client)
    assert "The Other News" in shown
    assert 'data-proof-bits="9"' in shown


def test_nothing_of_one_visitor_is_shown_to_the_next(client, admin_client):
    for visitor in (client, admin_client):
        visitor.cookies["language"] = "en"
        visitor.get("/?token=secret", headers={"referer": "https://secret.example/"})
    shown = page(client)
    assert "secret" not in shown
    assert "admin" not in shown


def test_a_source_cannot_name_itself_like_the_place_of_the_stamp(client):
    make_source("{{ stamp }} %s", company="<script>")
    shown = page(client)
    assert "{{ stamp }} %s" in shown
    assert len(fields_on(shown)["stamp"]) == 1
