"""What is missing, too long or doubtful in an issue's texts."""

import re
from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter.models import Issue, Story
from newsletter.models.issues import HEADLINE_MAX_LENGTH, folded
from newsletter.preflight.findings import Finding

# Longer ones are cut off in inboxes; above HEADLINE_MAX_LENGTH they are refused.
LONG_HEADLINE = 120
# Advice for a line that inboxes neither cut nor overlook.
SUBJECT_SHORTEST, SUBJECT_LONGEST = 10, 78
# What the weekly's draft leaves for the editor to write.
TODO_MARK = re.compile(r"\bTODO\b")


def opening_name(issue: Issue) -> str:
    """Return the name of the issue's first section."""
    return _("Week in Review") if issue.kind == Issue.Kind.WEEKLY else _("Signal of the Day")


def parts_findings(issue: Issue, stories: list[Story]) -> Iterator[Finding]:
    """Find what the issue as a whole lacks."""
    parts = [(opening_name(issue), issue.opening), (_("Patterns Across Companies"), issue.patterns)]
    if not stories:
        yield Finding(
            "error",
            "no_story",
            _("The issue has no story."),
            _("Stories"),
            _("Add at least one story, or paste the text again."),
        )
    for name, text in parts:
        if not text.strip():
            yield Finding(
                "warning",
                "empty_part",
                _("“%(name)s” is empty, so the mail goes out without it.") % {"name": name},
                name,
                _("Write one paragraph, or leave it out on purpose."),
            )
        elif TODO_MARK.search(text):
            yield Finding(
                "error",
                "todo",
                _("“%(name)s” still holds notes marked TODO.") % {"name": name},
                name,
                _("Turn the notes into a paragraph and delete the word TODO."),
            )


def subject_findings(issue: Issue, stories: list[Story]) -> Iterator[Finding]:
    """Advise on the length of the line that the inbox shows."""
    subject = issue.subject.strip() or (stories[0].headline if stories else "")
    if subject and not SUBJECT_SHORTEST <= len(subject) <= SUBJECT_LONGEST:
        yield Finding(
            "note",
            "subject_length",
            ngettext(
                "The subject has %(count)s character.",
                "The subject has %(count)s characters.",
                len(subject),
            )
            % {"count": len(subject)},
            _("Subject"),
            _("Inboxes show %(shortest)s to %(longest)s well. Write a subject of your own.")
            % {"shortest": SUBJECT_SHORTEST, "longest": SUBJECT_LONGEST},
        )


def place(story: Story, number: int) -> str:
    """Return where a story stands, as an editor sees it; numbers begin with 1."""
    return _("Story %(number)s: %(headline)s") % {"number": number, "headline": story.headline}


def story_findings(stories: list[Story]) -> Iterator[Finding]:
    """Find what is wrong with each story by itself, and headlines that stand twice."""
    times = Counter(folded(story.headline) for story in stories)
    for number, story in enumerate(stories, start=1):
        where = place(story, number)
        if not story.body.strip():
            yield Finding(
                "error",
                "empty_body",
                _("The story has no text."),
                where,
                _("Write it, or delete the story."),
                story.key,
            )
        yield from headline_findings(story, where)
        if times[folded(story.headline)] > 1:
            yield Finding(
                "warning",
                "headline_twice",
                _("The same headline stands twice in this issue."),
                where,
                _("Delete one of the two, or tell them apart."),
                story.key,
            )
        if not story.url:
            yield Finding(
                "note",
                "no_link",
                _("The story has no link."),
                where,
                _("Enter the address of the article; without it readers cannot go on."),
                story.key,
            )


def headline_findings(story: Story, where: str) -> Iterator[Finding]:
    length = len(story.headline)
    if length <= LONG_HEADLINE and story.headline.strip():
        return
    if not story.headline.strip():
        level, message = "error", _("The story has no headline.")
    else:
        level = "error" if length > HEADLINE_MAX_LENGTH else "warning"
        message = _("The headline has %(length)s characters.") % {"length": length}
    yield Finding(
        "error" if level == "error" else "warning",
        "headline_length",
        message,
        where,
        _("Keep it below %(limit)s; more than %(most)s are refused.")
        % {"limit": LONG_HEADLINE, "most": HEADLINE_MAX_LENGTH},
        story.key,
    )


def credit_findings(stories: list[Story]) -> Iterator[Finding]:
    """List suggestions that nobody confirmed, and stories that no source is credited for."""
    for number, story in enumerate(stories, start=1):
        credits = list(story.credits.all())
        suggested = [credit.source.name for credit in credits if not credit.confirmed]
        if suggested:
            yield Finding(
                "warning",
                "suggested_source",
                _("Suggested, but confirmed by nobody: %(sources)s.")
                % {"sources": ", ".join(suggested)},
                place(story, number),
                _("Confirm or change the sources, or accept all suggestions at once."),
                story.key,
            )
        if not credits and not story.unattributed:
            yield Finding(
                "note",
                "unattributed",
                _("No source is credited, so every reader gets the story."),
                place(story, number),
                _("Choose its sources, or say that none of ours carried it."),
                story.key,
            )


def thread_findings(issue: Issue) -> Iterator[Finding]:
    """Find threads without text, and those of a daily, which has no place for them."""
    threads = list(issue.threads.all())
    if threads and issue.kind == Issue.Kind.DAILY:
        yield Finding(
            "warning",
            "thread_in_daily",
            _("A daily has threads, and its mail carries them."),
            _("Threads"),
            _("Delete them, or make it a weekly."),
        )
    for number, thread in enumerate(threads, start=1):
        if not thread.body.strip():
            yield Finding(
                "error",
                "empty_body",
                _("The thread has no text."),
                _("Thread %(number)s: %(title)s") % {"number": number, "title": thread.title},
                _("Write it, or delete the thread."),
                thread.key,
            )
