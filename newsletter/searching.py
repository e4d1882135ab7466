"""Searching the public archive, with the index of either database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import connection
from django.db.models import QuerySet
from django.utils.html import escape
from django.utils.safestring import SafeString

from newsletter.models import WebPassage
from newsletter.words import Word, index_form, words_in
from subscribers.models import Source

# Nobody types more; a page of text that was pasted is cut here.
LONGEST_QUERY = 500
MOST_WORDS = 12
# About four lines on a telephone, with a few words before the first one found.
EXCERPT_LENGTH = 240
WORDS_BEFORE = 8
# An excerpt is looked for no further than this: longer texts are not a story's.
LONGEST_EXCERPTED = 20_000

Passages = QuerySet[WebPassage]


def search(query: str, *, kind: str = "", source: Source | None = None) -> Passages:
    """Return the passages that hold every word of a query, the best first.

    Case and marks do not matter, a word may be the beginning of one, and signs are blanks: any
    text is a query. One without a word finds nothing. What stands in a headline weighs more.
    ``kind`` and ``source`` narrow it to one kind of issue and to a source's stories.
    """
    words = words_of(query)
    passages: Passages = WebPassage.objects.select_related("copy__issue").defer(
        "body", "title_words", "words", "copy__content"
    )
    if not words:
        return passages.none()
    if kind:
        passages = passages.filter(copy__issue__kind=kind)
    if source is not None:
        passages = passages.filter(sources=source)
    forms = [index_form(word) for word in words]
    ranked = (
        in_sqlite(passages, forms)
        if connection.vendor == "sqlite"
        else in_postgresql(passages, forms)
    )
    return ranked.extra(order_by=["rank", "-copy__issue__period_end", "copy_id", "position"])


def words_of(query: str) -> list[str]:
    """Return the words that a query asks for, each once; of a very long one, the first."""
    words = dict.fromkeys(word.plain for word in words_in(query[:LONGEST_QUERY]))
    return list(words)[:MOST_WORDS]


def in_sqlite(passages: Passages, forms: Sequence[str]) -> Passages:
    """Match and rank with FTS5, whose columns are the headline's words and all others."""
    return passages.extra(
        select={"rank": "bm25(newsletter_websearch, 8.0, 1.0)"},
        tables=["newsletter_websearch"],
        where=[
            "newsletter_websearch.rowid = newsletter_webpassage.id",
            "newsletter_websearch MATCH %s",
        ],
        params=[" ".join(f'"{form}"*' for form in forms)],
    )


def in_postgresql(passages: Passages, forms: Sequence[str]) -> Passages:
    """Match and rank by the column that the migration keeps for it."""
    query = " & ".join(f"'{form}':*" for form in forms)
    return passages.extra(
        select={"rank": "-ts_rank(newsletter_webpassage.search, %s::tsquery)"},
        select_params=[query],
        where=["newsletter_webpassage.search @@ %s::tsquery"],
        params=[query],
    )


def marked(text: str, words: Sequence[str]) -> SafeString:
    """Return a text as HTML, with the words that begin with one of ``words`` marked."""
    pieces, end = [], 0
    for word in found_in(text, words):
        # One character may be two words, as "½" is.
        start = max(word.start, end)
        if start < word.end:
            mark = f"<mark>{escape(text[start : word.end])}</mark>"
            pieces += [escape(text[end:start]), mark]
            end = word.end
    return SafeString("".join([*pieces, escape(text[end:])]))


def excerpt(text: str, words: Sequence[str]) -> SafeString:
    """Return the place of a text where the first of the words stands, as HTML, them marked.

    The beginning, where none of them does.
    """
    text = text[:LONGEST_EXCERPTED]
    first = next(found_in(text, words), None)
    start = beginning_before(text, first.start) if first else 0
    end = ending_after(text, start + EXCERPT_LENGTH)
    before, after = "… " if start else "", " …" if end < len(text) else ""
    return SafeString(before + marked(text[start:end].strip(), words) + after)


def found_in(text: str, words: Sequence[str]) -> Iterator[Word]:
    beginnings = tuple(words)
    return (word for word in words_in(text) if word.plain.startswith(beginnings))


def beginning_before(text: str, place: int) -> int:
    """Return where to begin so that a few words stand before a place."""
    for _ in range(WORDS_BEFORE):
        blank = text.rfind(" ", 0, max(place - 1, 0))
        if blank < 0:
            return 0
        if place - blank > EXCERPT_LENGTH:
            break
        place = blank + 1
    return place


def ending_after(text: str, place: int) -> int:
    """Return the last end of a word before a place, or the place within an endless one."""
    if place >= len(text):
        return len(text)
    blank = text.rfind(" ", place - EXCERPT_LENGTH // 2, place)
    return blank if blank > 0 else place
