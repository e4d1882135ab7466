"""Bringing the rows of a draft up to what a text says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.attributing import Catalogue
from newsletter.crediting import credits_differ, store_credits, wanted_credits
from newsletter.exporting import parsed_from
from newsletter.models import Issue, Story, Thread
from newsletter.models.issues import KEY_MAX_LENGTH, slug_of
from newsletter.parsing import ParsedIssue, ParsedStory
from newsletter.parsing.keys import shortened


@dataclass(frozen=True, slots=True)
class Pair:
    """A story of the text, with its row and that row's values if it is known."""

    story: ParsedStory
    row: Story | None
    before: ParsedStory | None


def create_issue(parsed: ParsedIssue, catalogue: Catalogue) -> Issue:
    """Make a draft. Raises IntegrityError if the issue is there already."""
    issue = Issue.objects.create(
        kind=parsed.kind,
        period_start=parsed.period_start,
        period_end=parsed.period_end,
        slug=slug_of(parsed.kind, parsed.period_end),
        **issue_fields(parsed),
    )
    store_stories(issue, [Pair(story, None, None) for story in parsed.stories], catalogue)
    store_threads(issue, parsed)
    return issue


def update_issue(
    issue: Issue, parsed: ParsedIssue, catalogue: Catalogue
) -> tuple[bool, list[Story]]:
    """Change the rows that differ; return whether any did, and the stories that went.

    What the text does not speak of stays: subject, ``about``, the list of sources, a story's
    address, origin and credits.
    """
    stored = parsed_from(issue)
    rows = list(issue.stories.prefetch_related("credits"))
    pairs = paired(parsed.stories, rows, stored.stories)
    kept = [pair.row.pk for pair in pairs if pair.row]
    gone = [row for row in rows if row.pk not in kept]
    Story.objects.filter(pk__in=[row.pk for row in gone]).delete()
    changed = store_stories(issue, pairs, catalogue) or bool(gone)
    if kept != [row.pk for row in rows if row.pk in kept] or len(kept) < len(pairs):
        reposition(issue, pairs)
        changed = True
    if [(t.title, t.body) for t in parsed.threads] != [(t.title, t.body) for t in stored.threads]:
        store_threads(issue, parsed)
        changed = True
    before = issue_fields(stored) | {"period_start": issue.period_start}
    fields = {
        name: value or before[name] if name in KEPT_IF_SILENT else value
        for name, value in issue_fields(parsed).items()
    } | {"period_start": parsed.period_start}
    if changed or fields != before:
        for name, value in fields.items():
            setattr(issue, name, value)
        issue.save(update_fields=[*fields, "updated_at"])
        return True, gone
    return False, gone


KEPT_IF_SILENT = frozenset({"subject", "opening_about", "listed_sources"})


def issue_fields(parsed: ParsedIssue) -> dict[str, object]:
    return {
        "subject": parsed.subject,
        "opening": parsed.opening,
        "opening_about": parsed.opening_about,
        "patterns": parsed.patterns,
        "listed_sources": list(parsed.listed_sources),
    }


def paired(
    stories: Sequence[ParsedStory], rows: Sequence[Story], values: Sequence[ParsedStory]
) -> list[Pair]:
    """Find each story's row: the one with its headline, or else the one with its key.

    An editor may have changed a row's headline since its key was made.
    """
    by_headline = {value.key: (row, value) for row, value in zip(rows, values, strict=True)}
    by_key = {row.key: (row, value) for row, value in zip(rows, values, strict=True)}
    taken = {by_headline[story.key][0].pk for story in stories if story.key in by_headline}
    pairs = []
    for story in stories:
        found = by_headline.get(story.key)
        if found is None and story.key in by_key and by_key[story.key][0].pk not in taken:
            found = by_key[story.key]
            taken.add(found[0].pk)
        pairs.append(Pair(story, *(found or (None, None))))
    return pairs


def store_stories(issue: Issue, pairs: Sequence[Pair], catalogue: Catalogue) -> bool:
    """Make or change stories with their credits; tell whether anything was written."""
    keys = {pair.row.key for pair in pairs if pair.row}
    changed = False
    for position, pair in enumerate(pairs):
        wanted = wanted_credits(pair.story, pair.row, catalogue)
        fields = story_fields(pair.story) | ({"unattributed": wanted[0]} if wanted else {})
        row = pair.row
        if row is None:
            key = free_key(pair.story.key, keys)
            keys.add(key)
            row = Story.objects.create(issue=issue, key=key, position=position, **fields)
            changed = True
        else:
            changed |= change_story(row, pair.before, fields)
        if wanted and credits_differ(row, wanted[1]):
            store_credits(row, wanted[1])
            changed = True
    return changed


def story_fields(story: ParsedStory) -> dict[str, object]:
    """Return the fields that the text speaks of."""
    fields: dict[str, object] = {
        "headline": story.headline,
        "company": story.company,
        "body": story.body,
    }
    fields |= {"url": story.url} if story.url else {}
    fields |= {"taken_from": story.taken_from} if story.taken_from else {}
    return fields


def change_story(row: Story, before: ParsedStory | None, fields: dict[str, object]) -> bool:
    """Write the fields that differ; how a body's blank lines stand is no difference."""
    changed = {
        name: value for name, value in fields.items() if getattr(before or row, name) != value
    }
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        row.save(update_fields=list(changed))
    return bool(changed)


def free_key(key: str, used: set[str]) -> str:
    """Return the key, or one with a number behind it that no row has."""
    free, number = key, 1
    while free in used:
        number += 1
        ending = f"-{number}"
        free = shortened(key, KEY_MAX_LENGTH - len(ending)) + ending
    return free


def reposition(issue: Issue, pairs: Sequence[Pair]) -> None:
    """Put the rows into the order of the text."""
    places = {pair.row.pk: place for place, pair in enumerate(pairs) if pair.row}
    rows = list(issue.stories.filter(pk__in=places))
    for row in rows:
        row.position = places[row.pk]
    Story.objects.bulk_update(rows, ["position"])


def store_threads(issue: Issue, parsed: ParsedIssue) -> None:
    """Replace the threads; nothing else points to them."""
    issue.threads.all().delete()
    Thread.objects.bulk_create(
        Thread(issue=issue, position=position, key=thread.key, title=thread.title, body=thread.body)
        for position, thread in enumerate(parsed.threads)
    )
