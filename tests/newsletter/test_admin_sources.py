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


def test_two_sources_are_not_merged_into_each_other(admin_client):
    first = make_source("First")
    second = make_source("Second", merged_into=first)
    page = text_of(change(admin_client, first, merged_into=str(second.pk)))
    assert "Second was merged into this source" in page
    first.refresh_from_db()
    assert first.merged_into is None


def test_a_source_is_not_merged_into_itself(admin_client):
    source = make_source()
    page = text_of(change(admin_client, source, merged_into=str(source.pk)))
    assert "A source cannot be merged into itself." in page
    assert "source_not_merged" not in page


def test_mergers_point_at_the_present_name(admin_client):
    present = make_source("Present")
    former = make_source("Former", merged_into=present)
    source = make_source("Source")
    older = make_source("Older", merged_into=source)
    change(admin_client, source, merged_into=str(former.pk))
    for merged in (source, older, former):
        merged.refresh_from_db()
        assert merged.merged_into == present


@pytest.mark.parametrize("label", ["the blog", "THE BLOG", "The  Blog"])
def test_an_alias_that_differs_in_case_alone_is_refused_in_words(admin_client, label):
    source = make_source()
    SourceAlias.objects.create(label="The Blog", source=source)
    new = {"aliases-TOTAL_FORMS": "2", "aliases-1-label": label}
    assert "stands for this source already" in text_of(change(admin_client, source, **new))
    add = reverse("admin:newsletter_sourcealias_add")
    page = admin_client.post(add, {"label": label, "source": source.pk})
    assert "stands for this source already" in text_of(page)
    assert SourceAlias.objects.count() == 1


def test_the_same_alias_typed_twice_is_refused_in_words(admin_client):
    source = make_source()
    new = {
        "aliases-TOTAL_FORMS": "2",
        "aliases-0-label": "The Blog",
        "aliases-1-label": "the blog",
    }
    assert "stands for this source already" in text_of(change(admin_client, source, **new))
    assert not SourceAlias.objects.exists()


def test_an_alias_that_folds_to_more_than_fits_is_refused_in_words(admin_client):
    page = change(
        admin_client, make_source(), **{"aliases-TOTAL_FORMS": "1", "aliases-0-label": "ß" * 150}
    )
    assert "The label is too long." in text_of(page)


def test_the_old_name_may_be_typed_as_an_alias_while_renaming(admin_client):
    source = make_source("Old Name")
    new = {"aliases-TOTAL_FORMS": "1", "aliases-0-label": "old name"}
    assert change(admin_client, source, name="New Name", **new).status_code == 302
    assert SourceAlias.objects.count() == 1


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
