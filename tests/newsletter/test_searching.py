"""Searching the archive: the same answers on both databases, for any text."""

import html
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.models import Issue, WebPassage
from newsletter.publishing import publish_all
from newsletter.searching import excerpt, marked, search, words_of
from newsletter.states import IssueState
from newsletter.words import words_in
from tests.factories import make_issue, make_source, make_story, make_thread

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
# Half of a surrogate pair is in no database, NUL not in PostgreSQL.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
# The rows are the test's, and every example replaces them.
ANY_EXAMPLE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def sent(kind="daily", **fields):
    fields = {"opening": "", "patterns": "", **fields}
    return make_issue(kind, state=IssueState.SENT.value, **fields)


def headlines(query, **narrowed):
    publish_all(NOW)
    return [passage.headline for passage in search(query, **narrowed)]


def test_all_words_must_stand_in_a_passage_in_any_order_and_any_case():
    issue = sent()
    make_story(issue, headline="Ice on the quay", body="The *harbour* froze over.")
    make_story(issue, headline="Ice in a glass", body="Nothing froze.")
    assert headlines("ICE harbour") == ["Ice on the quay"]
    assert sorted(headlines("froze ice")) == ["Ice in a glass", "Ice on the quay"]
    assert headlines("ice desert") == []


def test_the_beginning_of_a_word_is_enough_and_its_end_is_not():
    make_story(sent(), headline="Kubernetes at the harbour")
    assert headlines("kube harb") == ["Kubernetes at the harbour"]
    assert headlines("netes") == []


def test_marks_make_no_difference():
    make_story(sent(), headline="Crème brûlée in Zürich")
    for query in ("creme brulee", "CRÈME", "zurich", "Zu\u0308rich"):
        assert headlines(query) == ["Crème brûlée in Zürich"]


def test_a_headline_weighs_more_than_a_text():
    issue = sent()
    make_story(issue, headline="A long story", body="It is about ice, ice and ice.")
    make_story(issue, headline="Ice", body="A sentence of quite another subject.")
    make_story(issue, headline="Another", body="One word of ice among many others that are not.")
    assert headlines("ice")[0] == "Ice"


def test_of_equals_the_newest_stands_first():
    for day in (17, 19, 18):
        make_story(sent(end=date(2026, 11, day)), headline="Ice", body=f"The {day}th of it.")
    publish_all(NOW)
    assert [found.text for found in search("ice")] == [
        "The 19th of it.",
        "The 18th of it.",
        "The 17th of it.",
    ]


def test_a_story_is_found_by_company_and_source():
    make_story(sent(), make_source("Ferry Weekly"), company="Port Authority", headline="Ice")
    assert headlines("port authority") == headlines("ferry") == ["Ice"]


def test_every_part_of_an_issue_is_found():
    issue = sent("weekly", opening="The opening of it.", patterns="The patterns of it.")
    make_thread(issue, title="A thread of it", body="On it goes.")
    publish_all(NOW)
    assert {passage.part for passage in search("of it")} == {"opening", "thread", "patterns"}


def test_a_search_is_narrowed_to_a_kind_and_a_source():
    ferry = make_source("Ferry", company="Boats")
    make_story(sent(), ferry, headline="Daily ice", company="Port")
    make_story(sent("weekly"), headline="Weekly ice")
    assert headlines("ice", kind="weekly") == ["Weekly ice"]
    assert headlines("ice", source=ferry) == ["Daily ice"]
    assert headlines("ice", source=ferry, kind="weekly") == []


def test_what_is_no_longer_public_is_not_found():
    make_story(sent(), headline="Ice")
    assert headlines("ice") == ["Ice"]
    Issue.objects.update(state=IssueState.DRAFT.value)
    assert headlines("ice") == []


def test_a_corrected_word_is_found_in_place_of_the_old_one():
    story = make_story(sent(), headline="Four weeks")
    assert headlines("four") == ["Four weeks"]
    story.headline = "Six weeks"
    story.save()
    assert (headlines("four"), headlines("six")) == ([], ["Six weeks"])


@pytest.mark.parametrize("query", ["", " ", "?!", "🚢", "\0", "*", '"', "NEAR(", "''", "\\"])
def test_a_query_without_a_word_finds_nothing_or_what_it_names(query):
    make_story(sent(), headline="Nearby ice")
    assert headlines(query) == (["Nearby ice"] if query == "NEAR(" else [])


@pytest.mark.parametrize(
    "query",
    [
        "ice OR desert NOT",
        '"ice',
        "ice*)(",
        "ice AND (NEAR(a b, 2))",
        "title_words:ice",
        "ice:* & !desert | <-> 'a",
        "ice\0quay",
        "{ice quay}: ^ice - + ~",
        "ice'; DROP TABLE newsletter_webpassage; --",
        "%s %(x)s {0}",
        "x" * 10_000,
        "ice " * 5_000,
        " ".join(f"w{n}" for n in range(5_000)),
        "東" * 10_000,
        "1e5abc 0x1f 1.5.2 a@b.example http://ice.example/?a=b <b>ice</b> &amp;",
    ],
)
def test_no_query_is_an_error(query):
    make_story(sent(), headline="Ice")
    assert headlines(query) in ([], ["Ice"])


@pytest.mark.parametrize(
    "text",
    [
        *("1e5abc", "0x1f", "v1.2.3", "-5 +3", "½", "z1z zfz"),
        *("a@b.example", "http://ice.example/path?a=b", "<b>ice</b>", "&amp;"),
        *("snake_case", "e-mail", "C++", "東京タワー", "한국어", "नमस्ते", "שלום"),
    ],
)
def test_whatever_a_headline_holds_is_found_by_it_and_its_beginning(text):
    make_story(sent(), headline=text)
    assert headlines(text) == [text]
    assert headlines(next(words_in(text)).plain[:2]) == [text]


@ANY_EXAMPLE
@given(TEXTS, TEXTS)
def test_any_text_is_found_by_its_own_words(headline, body):
    WebPassage.objects.all().delete()
    Issue.objects.all().delete()
    make_story(sent(), headline=headline[:200], body=body)
    publish_all(NOW)
    (passage,) = WebPassage.objects.all()
    for text in (headline, passage.text):
        words = words_of(text)
        assert list(search(text)) == ([passage] if words else [])


@ANY_EXAMPLE
@given(TEXTS, TEXTS)
def test_any_query_finds_just_the_passages_that_have_a_word_for_each_of_its_own(text, query):
    WebPassage.objects.all().delete()
    Issue.objects.all().delete()
    make_story(sent(), headline=text[:200], company="")
    publish_all(NOW)
    there = [word.plain for word in words_in(f"{text} A body of one sentence.")]
    wanted = words_of(query)
    fits = bool(wanted) and all(any(w.startswith(q) for w in there) for q in wanted)
    assert search(query).exists() is fits


@given(TEXTS, TEXTS)
def test_marking_and_cutting_change_no_letter_of_a_text(text, query):
    words = words_of(query)
    shown = html.unescape(re.sub("</?mark>", "", marked(text, words)))
    assert shown == text
    piece = html.unescape(re.sub("</?mark>", "", excerpt(text, words)))
    assert piece.removeprefix("… ").removesuffix(" …").strip() in text


def test_found_words_are_marked_and_markup_is_text():
    assert marked("Ice & <i>icy</i> juice", ["ic"]) == (
        "<mark>Ice</mark> &amp; &lt;i&gt;<mark>icy</mark>&lt;/i&gt; juice"
    )
    assert marked("Cafe\u0301!", ["cafe"]) == "<mark>Cafe\u0301</mark>!"
    assert marked("nothing", []) == "nothing"


def test_an_excerpt_begins_a_little_before_the_first_word_found():
    text = " ".join(f"word{n}" for n in range(200))
    shown = excerpt(text, ["word100"])
    assert shown.startswith("… word92 ")
    assert "<mark>word100</mark>" in shown
    assert shown.endswith(" …")
    assert len(shown) < 300
    assert excerpt(text, ["missing"]).startswith("word0 word1 ")
    assert len(excerpt("x" * 10_000, ["x"])) < 300


def test_an_excerpt_of_a_short_text_is_the_text():
    assert excerpt("A short text.", ["short"]) == "A <mark>short</mark> text."


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL plans with costs")
def test_postgresql_searches_by_its_index():
    make_story(sent(), headline="Ice")
    publish_all(NOW)
    with connection.cursor() as cursor:
        # A few rows are read faster without it: leave the planner no other way.
        for way in ("seqscan", "indexscan", "nestloop"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    assert "Bitmap Index Scan on newsletter_websearch" in search("ice quay").explain()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite keeps an index of its own")
def test_the_index_of_sqlite_agrees_with_the_rows():
    for number in range(5):
        make_story(sent(end=date(2026, 11, 20) - timedelta(number)), headline=f"Ice {number}")
    publish_all(NOW)
    publish_all(NOW)
    Issue.objects.filter(period_end=date(2026, 11, 20)).update(state=IssueState.DRAFT.value)
    publish_all(NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO newsletter_websearch(newsletter_websearch, rank)"
            " VALUES ('integrity-check', 1)"
        )
    assert len(headlines("ice")) == 4
