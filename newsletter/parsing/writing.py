"""From an issue to canonical Markdown, and the normal form that both agree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from newsletter.parsing.bodies import normal_body, written_body
from newsletter.parsing.cleaning import one_line
from newsletter.parsing.headings import Part, written_heading
from newsletter.parsing.keys import unique_keys
from newsletter.parsing.reading import PUBLICATION
from newsletter.parsing.values import ParsedIssue, ParsedStory, ParsedThread, SourceRef


def write_canonical(issue: ParsedIssue, *, publication: str = PUBLICATION) -> str:
    """Return the issue as canonical Markdown.

    ``parse_issue`` reads it as ``normal_form(issue)``; an issue that was parsed from a
    canonical text comes back equal.
    """
    return "\n".join(written_lines(normal_form(issue), publication))


def written_lines(issue: ParsedIssue, publication: str) -> Iterator[str]:
    is_daily = issue.kind == "daily"
    yield from ("---", f"kind: {issue.kind}")
    if is_daily:
        yield f"date: {issue.period_end:%Y-%m-%d}"
        period = f"{issue.period_end:%Y-%m-%d}"
    else:
        yield f"start: {issue.period_start:%Y-%m-%d}"
        yield f"end: {issue.period_end:%Y-%m-%d}"
        period = f"Week of {issue.period_start:%Y-%m-%d} to {issue.period_end:%Y-%m-%d}"
    if issue.subject:
        yield f"subject: {issue.subject}"
    yield from ("---", "", f"# {publication} — {period}", "")
    if issue.opening or issue.opening_about:
        yield f"## {Part.SIGNAL if is_daily else Part.REVIEW}"
        if issue.opening_about:
            yield f"about: {issue.opening_about}"
        yield from ("", written_body(issue.opening), "")
    yield from (f"## {Part.STORIES if is_daily else Part.TOP}", "")
    for story in issue.stories:
        yield from written_story(story)
    if issue.threads:
        yield from (f"## {Part.THREADS}", "")
    for thread in issue.threads:
        yield from (written_heading(thread.title), "", written_body(thread.body), "")
    if issue.patterns:
        yield from (f"## {Part.PATTERNS}", "", written_body(issue.patterns), "")
    if issue.listed_sources:
        yield from (f"## {Part.SOURCES}", "", *(f"- {name}" for name in issue.listed_sources), "")


def written_story(story: ParsedStory) -> Iterator[str]:
    yield written_heading(story.headline)
    if story.company:
        yield f"company: {story.company}"
    if story.unattributed:
        yield "sources: ?"
    elif story.sources:
        names = (ref.slug + ("" if ref.confirmed else "?") for ref in story.sources)
        yield f"sources: {', '.join(names)}"
    if story.url:
        yield f"url: {story.url}"
    if story.taken_from:
        yield f"from: {story.taken_from}"
    yield from ("", written_body(story.body), "")


def normal_form(issue: ParsedIssue) -> ParsedIssue:
    """Return the issue as it comes back from its canonical text.

    Names and headlines stand on one line, bodies without blank lines around them, and every
    key is the one that the headlines give.
    """
    headlines = [one_line(story.headline) for story in issue.stories]
    titles = [one_line(thread.title) for thread in issue.threads]
    keys = unique_keys([*headlines, *titles])
    return replace(
        issue,
        subject=one_line(issue.subject),
        opening=normal_body(issue.opening),
        opening_about=one_line(issue.opening_about),
        stories=tuple(map(normal_story, issue.stories, keys)),
        threads=tuple(map(normal_thread, issue.threads, keys[len(headlines) :])),
        patterns=normal_body(issue.patterns),
        listed_sources=tuple(filter(None, map(one_line, issue.listed_sources))),
        listed_lines=(),
    )


def normal_story(story: ParsedStory, key: str) -> ParsedStory:
    refs = {ref.slug: SourceRef(ref.slug, ref.confirmed) for ref in reversed(story.sources)}
    return replace(
        story,
        key=key,
        headline=one_line(story.headline),
        company=one_line(story.company),
        body=normal_body(story.body),
        sources=() if story.unattributed else tuple(reversed(refs.values())),
    )


def normal_thread(thread: ParsedThread, key: str) -> ParsedThread:
    return replace(thread, key=key, title=one_line(thread.title), body=normal_body(thread.body))
