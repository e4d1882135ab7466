"""Sources and their aliases in the admin."""

import pytest
from django.urls import reverse

from newsletter.models import SourceAlias
from subscribers.models import Source
from tests.factories import make_source
from tests.newsletter.admin_pages import form_of, text_of

pytestmark = pytest.mark.django_db
LIST = "admin:subscribers_source_changelist"


def change(client, source, **fields):
    address = reverse("admin:subscribers_source_change", args=[source.pk])
    values = form_of(client.get(address), "source_form")
    return client.post(address, values | {name: [value] for name, value in fields.items()})


def test_a_renamed_source_answers_to_its_old_name_and_keeps_its_slug(admin_client):
    source = make_source("Old Name", slug="old-name")
    change(admin_client, source, name="New Name", slug="new-name")
    source.refresh_from_db()
    assert (source.name, source.slug) == ("New Name", "old-name")
    assert [alias.label for alias in source.aliases.all()] == ["Old Name"]


def test_renaming_back_and_forth_makes_one_alias_a_name(admin_client):
    source = make_source("One")
    for name in ("Two", "One", "Two"):
        change(admin_client, source, name=name)
        source.refresh_from_db()
    assert sorted(alias.label for alias in source.aliases.all()) == ["One", "Two"]


def test_an_alias_is_written_on_its_sources_page(admin_client):
    source = make_source()
    change(admin_client, source, **{"aliases-TOTAL_FORMS": "1", "aliases-0-label": "The Blog"})
    assert SourceAlias.objects.get().folded == "the blog"


def test_retiring_and_offering_again(admin_client):
    source = make_source()
    chosen = {"_selected_action": [source.pk]}
    page = text_of(admin_client.post(reverse(LIST), chosen | {"action": "retire"}, follow=True))
    assert "1 source retired." in page
    assert not Source.objects.offered().exists()
    admin_client.post(reverse(LIST), chosen | {"action": "offer_again"})
    assert Source.objects.offered().exists()


def test_no_source_is_deleted(admin_client):
    source = make_source()
    address = reverse("admin:subscribers_source_delete", args=[source.pk])
    assert admin_client.post(address, {"post": "yes"}).status_code == 403


def test_the_list_is_in_the_order_of_the_form(admin_client):
    make_source("Zebra", position=1)
    make_source("Aardvark", position=2)
    page = text_of(admin_client.get(reverse(LIST)))
    assert page.index("Zebra") < page.index("Aardvark")


def test_a_source_is_found_by_an_alias(admin_client):
    SourceAlias.objects.create(label="The Blog", source=make_source("Found Source"))
    make_source("Other Source")
    page = text_of(admin_client.get(reverse(LIST), {"q": "the blog"}))
    assert "Found Source" in page
    assert "Other Source" not in page
