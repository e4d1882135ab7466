"""The catalogue of sources, from the project's own file and from others."""

import io

import pytest
from django.core.management import CommandError, call_command

from newsletter.models import SourceAlias
from subscribers.models import Source
from tests.factories import make_source

pytestmark = pytest.mark.django_db

HEAD = "position,name,slug,company,homepage_url,feed_url,merged_into"
ACME = "1,Acme Blog,acme,Acme,https://acme.example/,https://acme.example/feed,"
CORVID = "2,Corvid Blog,corvid,Corvid,https://corvid.example/,,"


def load(*args):
    out = io.StringIO()
    call_command("load_sources", *args, stdout=out)
    return out.getvalue()


@pytest.fixture
def loaded(tmp_path):
    def load_rows(*rows, head=HEAD):
        path = tmp_path / "sources.csv"
        path.write_text("\n".join([head, *rows]), encoding="utf-8")
        return load(str(path))

    return load_rows


def test_own_catalogue_has_thirty_one_sources_in_their_order():
    assert load() == "31 new, 0 changed, 0 unchanged.\n"
    sources = list(Source.objects.all())
    assert len(sources) == 31
    assert [source.position for source in sources] == list(range(1, 32))
    assert Source.objects.get(slug="the-netflix-tech-blog").merged_into.slug == "netflix-tech-blog"


def test_loading_twice_changes_nothing():
    load()
    before = list(Source.objects.values()), list(SourceAlias.objects.values())
    assert load() == "0 new, 0 changed, 31 unchanged.\n"
    assert (list(Source.objects.values()), list(SourceAlias.objects.values())) == before


def test_every_alias_of_the_project_names_a_source_of_the_project():
    from newsletter.catalogue import seeded_aliases

    load()
    assert {slug for _label, slug in seeded_aliases()} <= set(
        Source.objects.values_list("slug", flat=True)
    )
    found = SourceAlias.objects.filter(folded="amazon web services")
    assert found.count() == 3


def test_renamed_source_keeps_its_slug_and_the_old_name_becomes_an_alias(loaded):
    loaded(ACME)
    assert "“Acme Blog” is now “Acme Stories”" in loaded(ACME.replace("Acme Blog", "Acme Stories"))
    source = Source.objects.get()
    assert (source.slug, source.name) == ("acme", "Acme Stories")
    assert [alias.label for alias in source.aliases.all()] == ["Acme Blog"]


def test_two_sources_may_exchange_their_names(loaded):
    loaded(ACME, CORVID)
    loaded(ACME.replace("Acme Blog", "Corvid Blog"), CORVID.replace("Corvid Blog", "Acme Blog"))
    assert dict(Source.objects.values_list("slug", "name")) == {
        "acme": "Corvid Blog",
        "corvid": "Acme Blog",
    }


def test_source_that_no_row_names_stays(loaded):
    make_source("Dunlin Blog", slug="dunlin")
    loaded(ACME)
    assert Source.objects.filter(slug="dunlin").exists()


def test_merger_may_name_a_later_row_or_a_source_that_is_there(loaded):
    make_source(slug="dunlin")
    loaded(f"{ACME}corvid", f"{CORVID}dunlin")
    assert Source.objects.get(slug="acme").merged_into.slug == "corvid"
    assert Source.objects.get(slug="corvid").merged_into.slug == "dunlin"


def test_columns_may_stand_in_another_order_and_position_may_be_missing(loaded):
    head = "slug,name,homepage_url,company"
    loaded("b,B,https://b.example/,B", "a,A,https://a.example/,A", head=head)
    assert [source.slug for source in Source.objects.all()] == ["b", "a"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["x" + ACME], ":2: position “x1” is no number."),
        ([ACME.replace("https://acme.example/,", "acme.example,")], ":2: homepage_url"),
        ([ACME.replace(",acme,", ",ac me,")], ":2: slug “ac me” is not valid."),
        ([ACME.replace("Acme Blog", "")], ":2: name is empty."),
        ([ACME.replace("Acme Blog", "a" * 201)], ":2: name is longer than 200 characters."),
        ([ACME, CORVID + ",more"], ":3: 8 cells, but the head line has 7."),
        ([ACME, ACME.replace("Acme Blog", "Other")], ":3: slug “acme” stands in line 2 as well."),
        ([ACME, ACME.replace(",acme,", ",b,")], ":3: name “Acme Blog” stands in line 2 as well."),
        ([f"{ACME}nobody"], ":2: merged_into names “nobody”, which is no source."),
        ([f"{ACME}acme"], ":2: merged_into of “acme” leads back to itself."),
        ([f"{ACME}corvid", f"{CORVID}acme"], ":2: merged_into of “acme” leads back to itself."),
        (['1,"Acme'], ":2: this is no CSV"),
    ],
)
def test_bad_row_is_told_with_its_line_and_nothing_is_stored(loaded, rows, told):
    good = "9,Good Blog,good,Good,https://good.example/,,"
    with pytest.raises(CommandError) as caught:
        loaded(*rows, *([] if '"' in rows[0] else [good]))
    assert told in str(caught.value)
    assert str(caught.value).endswith("Nothing was stored.")
    assert not Source.objects.exists()


def test_name_that_another_source_has_is_an_error(loaded):
    make_source("Acme Blog", slug="other")
    with pytest.raises(CommandError, match="is taken by the source “other”"):
        loaded(ACME)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("name,slug", "the head line lacks company, homepage_url"),
        (HEAD + ",colour", "unknown columns: colour"),
        (HEAD + ",name", "a column stands twice"),
        ("", "the head line lacks"),
    ],
)
def test_bad_head_line_is_an_error(loaded, head, told):
    with pytest.raises(CommandError, match=told):
        loaded(head=head)


def test_file_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(CommandError, match="There is no such file"):
        load(str(tmp_path / "nothing.csv"))
