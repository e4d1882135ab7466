"""A story's credits in the database: what the text names, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from newsletter.attributing import Attribution, Catalogue, suggest
from newsletter.exporting import parsed_from
from newsletter.models import Issue, Story, StorySource
from newsletter.models.issues import folded
from newsletter.parsing import Diagnostic, ParsedIssue, ParsedStory
from newsletter.parsing.frontmatter import did_you_mean


def unknown_sources(issue: ParsedIssue, catalogue: Catalogue) -> list[Diagnostic]:
    """Return an error for every named source that the catalogue does not have."""
    return [
        Diagnostic(
            ref.line or story.line,
            "error",
            "unknown-source",
            f"“{ref.slug}” is no source.",
            did_you_mean(ref.slug, catalogue.by_slug)
            or "The admin lists all sources; load_sources adds new ones.",
        )
        for story in issue.stories
        for ref in story.sources
        if catalogue.named(ref.slug) is None
    ]


def unlisted_sources(issue: ParsedIssue, catalogue: Catalogue) -> list[Diagnostic]:
    """Return a warning for every name in the text's list that no source has."""
    lines = dict(zip(issue.listed_sources, issue.listed_lines, strict=False))
    return [
        Diagnostic(
            lines.get(name, 1),
            "warning",
            "unknown-listed-source",
            f"“{name}” in the list of sources is no source here.",
            "Add it to the catalogue if readers should be able to choose it.",
        )
        for name in issue.listed_sources
        if folded(name) not in catalogue.by_label and catalogue.named(name) is None
    ]


def named_credits(story: ParsedStory, catalogue: Catalogue) -> list[Attribution]:
    """Return the sources that the text names, under their present names, each once."""
    credits: dict[int, Attribution] = {}
    for ref in story.sources:
        source = catalogue.named(ref.slug)
        if source and (source.pk not in credits or ref.confirmed):
            rule = StorySource.Rule.EXPLICIT.value
            credits[source.pk] = Attribution(source, ref.confirmed, rule)
    return list(credits.values())


def suggested_credits(story: ParsedStory, catalogue: Catalogue) -> list[Attribution]:
    return suggest(catalogue, headline=story.headline, company=story.company, url=story.url)


def wanted_credits(
    story: ParsedStory, row: Story | None, catalogue: Catalogue
) -> tuple[bool, Sequence[Attribution]] | None:
    """Return whether the story is unattributed and its credits; None means: leave the row's.

    Where the text names no source, a row whose company and address stay the same keeps what
    an editor made of it; if they change, suggestions are made anew and confirmations stay.
    """
    if story.unattributed:
        return True, ()
    if story.sources:
        return False, named_credits(story, catalogue)
    suggestions = suggested_credits(story, catalogue)
    if row is None:
        return False, suggestions
    if row.unattributed or (row.company == story.company and row.url == (story.url or row.url)):
        return None
    confirmed = [credit for credit in row.credits.all() if credit.confirmed]
    if confirmed:
        return None
    return False, suggestions


def credits_differ(row: Story, credits: Sequence[Attribution]) -> bool:
    """Tell whether a story's credits are others; by which rule they came does not matter."""
    stored = {(credit.source_id, credit.confirmed) for credit in row.credits.all()}
    return stored != {(credit.source.pk, credit.confirmed) for credit in credits}


def store_credits(row: Story, credits: Sequence[Attribution]) -> None:
    """Replace a story's credits, in the order given."""
    row.credits.all().delete()
    StorySource.objects.bulk_create(
        StorySource(story=row, source=credit.source, confirmed=credit.confirmed, rule=credit.rule)
        for credit in credits
    )


def same_as_stored(issue: Issue, parsed: ParsedIssue, catalogue: Catalogue) -> bool:
    """Tell whether a text says of an issue just what is stored, as far as it speaks."""
    stored = parsed_from(issue)
    if len(parsed.stories) != len(stored.stories):
        return False
    stories = tuple(
        said_or_stored(story, row, catalogue)
        for story, row in zip(parsed.stories, stored.stories, strict=True)
    )
    wanted = replace(
        parsed,
        subject=parsed.subject or stored.subject,
        opening_about=parsed.opening_about or stored.opening_about,
        listed_sources=parsed.listed_sources or stored.listed_sources,
        stories=stories,
    )
    return wanted == stored


def said_or_stored(story: ParsedStory, row: ParsedStory, catalogue: Catalogue) -> ParsedStory:
    """Return the text's story, with the row's values where the text says nothing or the same."""
    silent = not story.sources and not story.unattributed
    same = silent or (
        not story.unattributed and credit_set(story, catalogue) == credit_set(row, catalogue)
    )
    return replace(
        story,
        url=story.url or row.url,
        taken_from=story.taken_from or row.taken_from,
        sources=row.sources if same else story.sources,
        unattributed=row.unattributed if silent else story.unattributed,
    )


def credit_set(story: ParsedStory, catalogue: Catalogue) -> set[tuple[int, bool]]:
    return {(credit.source.pk, credit.confirmed) for credit in named_credits(story, catalogue)}
