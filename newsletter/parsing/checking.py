"""What can be said of a whole parsed issue without knowing other issues."""

from __future__ import annotations

import re
from collections.abc import Sequence

from newsletter.parsing.fences import fenced
from newsletter.parsing.headings import Part
from newsletter.parsing.inline_code import without_code
from newsletter.parsing.labels import fold
from newsletter.parsing.sections import Section
from newsletter.parsing.values import (
    HEADLINE_LIMIT,
    LABEL_LIMIT,
    SUBJECT_LIMIT,
    ParsedIssue,
    ParsedStory,
    Report,
    excerpt,
)

# Headlines of real digests have up to 101 characters.
LONG_HEADLINE = 120
HTML_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^<>]{0,300})?/?>|<!--")
# The other kind's sections are read all the same.
DAILY_PARTS = frozenset({Part.SIGNAL, Part.STORIES, Part.PATTERNS, Part.SOURCES})
WEEKLY_PARTS = frozenset({Part.REVIEW, Part.TOP, Part.THREADS, Part.PATTERNS, Part.SOURCES})


def check_issue(issue: ParsedIssue, sections: Sequence[Section], report: Report) -> None:
    """Report what is missing, too long, twice or shown otherwise than it looks."""
    check_parts(issue, sections, report)
    for story in issue.stories:
        check_story(story, report)
    for thread in issue.threads:
        check_length("title", thread.title, thread.line, report)
        check_present("body", thread.title, thread.body, thread.line, report)
        check_html(thread.body, thread.line, report)
    check_twice([(story.headline, story.line) for story in issue.stories], report)
    lines = {section.part: section.line for section in reversed(sections)}
    opening_line = lines.get(Part.SIGNAL, lines.get(Part.REVIEW, 1))
    check_html(issue.opening, opening_line, report)
    check_html(issue.patterns, lines.get(Part.PATTERNS, 1), report)
    check_length("“about:”", issue.opening_about, opening_line, report)
    if len(issue.subject) > SUBJECT_LIMIT:
        report.error(
            1,
            "long-subject",
            f"The subject has {len(issue.subject)} characters; {SUBJECT_LIMIT} are allowed.",
            "Shorten it; inboxes show about 60.",
        )


def check_parts(issue: ParsedIssue, sections: Sequence[Section], report: Report) -> None:
    opening = Part.SIGNAL if issue.kind == "daily" else Part.REVIEW
    for name, text in ((opening, issue.opening), (Part.PATTERNS, issue.patterns)):
        if not text:
            report.warning(
                1, "no-section", f"There is no “{name}”.", "The mail leaves that part out."
            )
    if not issue.stories:
        report.error(
            1,
            "no-story",
            "There is no story in this text.",
            "A story line looks like “Headline · Company · Source”, under “Deep Dives” or "
            "“Top Stories”.",
        )
    fitting = DAILY_PARTS if issue.kind == "daily" else WEEKLY_PARTS
    for section in sections:
        if section.part not in fitting and section.name:
            report.warning(
                section.line,
                "section-of-other-kind",
                f"“{excerpt(section.name)}” is unusual in a {issue.kind}; it was read anyway.",
            )


def check_story(story: ParsedStory, report: Report) -> None:
    if not story.headline:
        report.error(
            story.line, "no-headline", "This story has no headline.", "Every story needs one."
        )
    check_length("headline", story.headline, story.line, report)
    if len(story.company) > LABEL_LIMIT:
        report.error(
            story.line,
            "long-company",
            f"The company has {len(story.company)} characters; {LABEL_LIMIT} are allowed.",
            "Probably the body was taken for it: put the body on the next line.",
        )
    check_present("body", story.headline, story.body, story.line, report)
    check_html(story.body, story.line, report)


def check_length(what: str, text: str, line: int, report: Report) -> None:
    if len(text) > HEADLINE_LIMIT:
        report.error(
            line,
            "long-headline",
            f"The {what} has {len(text)} characters; {HEADLINE_LIMIT} are allowed.",
            "Shorten it, or put the body on a line of its own.",
        )
    elif len(text) > LONG_HEADLINE:
        report.warning(
            line,
            "long-headline",
            f"The {what} has {len(text)} characters; over {LONG_HEADLINE} reads badly in a mail.",
            "Shorten it if you can.",
        )


def check_present(what: str, name: str, text: str, line: int, report: Report) -> None:
    if not text:
        report.review(line, "no-body", f"“{excerpt(name)}” has no {what}.", "Write one.")


def check_html(body: str, line: int, report: Report) -> None:
    """Warn of tags outside code: they are shown to the reader as text."""
    if "<" not in body:
        return
    lines = body.split("\n")
    inside, _unclosed = fenced(lines)
    for text, code in zip(lines, inside, strict=True):
        found = None if code else HTML_TAG.search(without_code(text))
        if found:
            report.warning(
                line,
                "html-as-text",
                f"“{excerpt(found.group())}” is HTML and is shown to readers as text.",
                "Use Markdown, or put it in `code` if it is meant to be seen.",
            )
            return


def check_twice(headlines: Sequence[tuple[str, int]], report: Report) -> None:
    seen: dict[str, int] = {}
    for headline, line in headlines:
        first = seen.setdefault(fold(headline), line)
        if first != line:
            report.warning(
                line,
                "headline-twice",
                f"“{excerpt(headline)}” is the headline of line {first} as well.",
                "Delete one of the stories if they are the same.",
            )
