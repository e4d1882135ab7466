"""Which sources a story gets, by which rule."""

import json

import pytest
from django.utils import timezone

from newsletter.attributing import Catalogue, suggest
from newsletter.catalogue import SOURCES_FILE, load_sources
from newsletter.models import SourceAlias
from newsletter.storing import import_text
from subscribers.catalogue import read_sources
from tests.factories import make_source

pytestmark = pytest.mark.django_db


def slugs(headline="A", company="", url=""):
    found = suggest(Catalogue.load(), headline=headline, company=company, url=url)
    return [each.source.slug for each in found]


def rules(**story):
    found = suggest(Catalogue.load(), **{"headline": "A", "company": "", "url": ""} | story)
    return {each.rule for each in found}


@pytest.fixture
def house():
    """A company with two blogs, one inside the other, and a magazine."""
    make_source(
        "The Acme Blog", slug="acme-blog", company="Acme", homepage_url="https://acme.example/"
    )
    make_source(
        "Acme Engineering",
        slug="acme-engineering",
        company="Acme",
        homepage_url="https://acme.example/engineering/",
    )
    make_source("InfoQ", slug="infoq", company="InfoQ", homepage_url="https://www.infoq.example/")


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.example/news/a",
        "http://acme.example/news/a",
        "https://www.acme.example/news/a",
        "https://ACME.example/news/a?from=feed#top",
        "https://acme.example",
        "https://acme.example/engineeringly/a",
    ],
)
def test_address_gives_the_source_whose_homepage_it_begins_with(house, url):
    assert slugs(url=url) == ["acme-blog"]


def test_feed_inside_another_feed_of_the_company_gives_both(house):
    found = slugs(url="https://acme.example/engineering/a")
    assert found == ["acme-blog", "acme-engineering"]


def test_longest_prefix_wins_between_companies(house):
    make_source(slug="guest", company="Guest", homepage_url="https://acme.example/guests")
    assert slugs(url="https://acme.example/guests/a") == ["guest"]


@pytest.mark.parametrize(
    "url", ["https://acme.example.org/a", "https://not-acme.example/a", "http://["]
)
def test_other_addresses_give_nothing(house, url):
    assert slugs(url=url) == []


def test_address_comes_before_headline_and_company(house):
    found = slugs("Podcast: A", "InfoQ", "https://acme.example/a")
    assert found == ["acme-blog"]
    assert rules(url="https://acme.example/a", company="InfoQ") == {"url"}


@pytest.mark.parametrize("headline", ["Presentation: A", "Podcast: A", "article: A"])
def test_headlines_of_the_magazine_give_the_magazine(house, headline):
    assert slugs(headline, "Acme") == ["infoq"]
    assert rules(headline=headline) == {"headline"}


@pytest.mark.parametrize(
    ("company", "found"),
    [
        ("Acme", ["acme-blog", "acme-engineering"]),
        ("ACME", ["acme-blog", "acme-engineering"]),
        ("Acme Engineering", ["acme-engineering"]),
        ("InfoQ & Nobody", ["infoq"]),
        ("Nobody / InfoQ", ["infoq"]),
        ("InfoQ & Acme", ["acme-blog", "acme-engineering", "infoq"]),
        ("Nobody", []),
        ("", []),
    ],
)
def test_company_gives_every_source_that_its_label_stands_for(house, company, found):
    assert slugs(company=company) == found


@pytest.mark.parametrize(
    ("company", "found"),
    [
        ("Dunlin and Sons", ["dunlin"]),
        ("Dunlin and Sons and InfoQ", ["infoq", "dunlin"]),
        ("InfoQ, Dunlin and Sons", ["infoq", "dunlin"]),
        ("InfoQ x Dunlin and Sons", ["infoq", "dunlin"]),
        ("InfoQ, Gannet, and Dunlin and Sons", ["infoq", "dunlin"]),
        ("Dunlin and InfoQ", ["infoq"]),
    ],
)
def test_joint_label_is_split_at_every_kind_of_join_but_not_inside_a_name(house, company, found):
    make_source("The Dunlin", slug="dunlin", company="Dunlin and Sons")
    assert sorted(slugs(company=company)) == sorted(found)


def test_alias_may_stand_for_several_sources_and_folds_case_and_quotes(house):
    for name in ("O’Corp One", "O’Corp Two"):
        SourceAlias.objects.create(
            label="O’Corp", source=make_source(name, slug=name[-3:].lower(), company=name)
        )
    assert slugs(company="o'corp") == ["one", "two"]


def test_everything_suggested_waits_for_an_editor(house):
    found = suggest(Catalogue.load(), headline="Podcast: A", company="Acme", url="")
    assert not any(each.confirmed for each in found)


def test_merged_source_gives_its_present_name_once(house):
    present = make_source("Present", slug="present", company="Corvid")
    make_source("Former", slug="former", company="Corvid", merged_into=present)
    assert slugs(company="Corvid") == ["present"]


def test_retired_source_is_suggested_no_more(house):
    make_source("Gone", slug="gone", company="Corvid", retired_at=timezone.now())
    assert slugs(company="Corvid") == []


def test_real_stories_get_their_true_source_suggested_as_often_as_measured(shared_data):
    """Of 33 real stories, without any address: measured, so that it cannot get worse."""
    load_sources(read_sources(SOURCES_FILE.read_text(encoding="utf-8")).rows)
    hits = alone = stories = 0
    for path in sorted((shared_data / "digests").glob("*.txt")):
        issue = import_text(path.read_text(encoding="utf-8")).issue
        expected = json.loads((shared_data / "expected" / f"{path.stem}.json").read_text("utf-8"))
        true = [
            set(story["true_sources"])
            for block in expected["blocks"]
            for story in block.get("stories", [])
        ]
        for story, right in zip(issue.stories.all(), true, strict=True):
            suggested = set(story.sources.values_list("slug", flat=True))
            stories += 1
            hits += right <= suggested
            alone += right == suggested
    assert (stories, hits, alone) == (33, 26, 16)
