"""The web copy of an issue: made, renewed and removed as the issue becomes what it is."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from newsletter.content import IssueContent, StoryContent, present_sources, public_content_of
from newsletter.models import Issue, WebCopy, WebPassage
from newsletter.models.archive import VIA_MAX_LENGTH
from newsletter.models.issues import SUBJECT_MAX_LENGTH
from newsletter.rendering.cleaning import clean_line, shortened
from newsletter.rendering.errors import RenderError
from newsletter.rendering.markdown import body_of
from newsletter.words import indexed
from subscribers.models import Source

log = logging.getLogger(__name__)

Part = WebPassage.Part
# Every source that stories were credited to, under its present name.
Sources = Mapping[int, Source]
# What a row says of a passage; its place in the copy never changes.
SAID = (
    *("part", "key", "headline", "company", "via", "url"),
    *("body", "text", "title_words", "words"),
)


def publish(issue_id: int, *, now: datetime, anew: bool = False) -> bool:
    """Make an issue's web copy what anybody may read of it; remove that of one not public.

    Tells whether anything shown has changed; doing it again changes nothing. The issue is
    locked meanwhile. With ``anew`` what searches look at is written again all the same.
    Takes locks on the issue first, then on its copy and passages, and none that hinder sources
    from being renamed or merged: call it outside of transactions that write sources.
    """
    with transaction.atomic():
        issue = Issue.objects.select_for_update().filter(pk=issue_id).first()
        if issue is None:
            return False
        if not Issue.objects.public().filter(pk=issue_id).exists():
            removed, _ = WebCopy.objects.filter(issue=issue).delete()
            return removed > 0
        return renew(issue, now, anew=anew)


def attempt(issue_id: int, *, now: datetime, anew: bool = False) -> bool:
    """Publish an issue if that is possible; the next tick makes up for a copy that is missing."""
    try:
        return publish(issue_id, now=now, anew=anew)
    except Exception:  # the outermost edge: one bad page must hold up no mail and no other page
        log.exception("the web copy of issue %s could not be made", issue_id)
        return False


def publish_due(now: datetime) -> int:
    """Publish what became public, and remove what is so no more, where nobody did it yet.

    One query where there is nothing to do. Returns how many pages came or went; one that
    cannot be made is logged and holds up no other.
    """
    public = Issue.objects.public().values("pk")
    shown = Q(web_copy__isnull=False)
    unlike = Issue.objects.filter((Q(pk__in=public) & ~shown) | (~Q(pk__in=public) & shown))
    return sum(attempt(pk, now=now) for pk in list(unlike.values_list("pk", flat=True)))


def publish_all(now: datetime, *, anew: bool = True) -> int:
    """Write every web copy anew; return how many pages show something else than before.

    Without ``anew`` only what differs is written. One transaction an issue, as always.
    """
    publish_due(now)
    ids = list(WebCopy.objects.order_by("issue_id").values_list("issue_id", flat=True))
    return sum(attempt(pk, now=now, anew=anew) for pk in ids)


def publish_credited(source_ids: Iterable[int], *, now: datetime) -> int:
    """Renew the copies that name any of these sources or those merged with them.

    For sources that were renamed or merged, once that is committed: one transaction an issue,
    so that nobody waits for all of them. A process that dies meanwhile leaves old by-lines,
    until the next change or ``publish_all``. Returns how many pages changed.
    """
    groups = Source.objects.merge_groups()
    ids = {member for pk in source_ids for member in groups.get(pk, ())}
    credited = Issue.objects.filter(web_copy__isnull=False).filter(
        Q(stories__credits__source__in=ids) | Q(web_copy__passages__sources__in=ids)
    )
    pks = credited.order_by("pk").values_list("pk", flat=True).distinct()
    return sum(attempt(pk, now=now) for pk in list(pks))


def renew(issue: Issue, now: datetime, *, anew: bool) -> bool:
    content = public_content_of(issue)
    sources = present_sources()
    version = version_of(issue, content, sources)
    copy = WebCopy.objects.filter(issue=issue).first()
    differs = copy is None or copy.content_hash != version
    if not (differs or anew):
        return False
    if copy is None:
        copy = WebCopy(issue=issue, published_at=issue.planned_at or now, changed_at=now)
    elif differs:
        # Always another time than before: what is kept of pages goes by it.
        copy.changed_at = max(now, copy.changed_at + timedelta.resolution)
    copy.content = content.to_json()
    copy.content_hash = version
    copy.line = shortened(clean_line(content.subject), SUBJECT_MAX_LENGTH)
    copy.story_count = len(content.stories)
    copy.correction_note = issue.correction_note
    copy.corrected_at = issue.corrected_at
    copy.save()
    if anew:
        copy.passages.all().delete()
    write_passages(copy, content, sources)
    return differs


def version_of(issue: Issue, content: IssueContent, sources: Sources) -> str:
    """Return a SHA-256, in hexadecimal, over all that an issue's page shows of it."""
    credited = {pk for story in content.stories for pk in story.source_ids}
    shown = [
        content.content_hash,
        issue.correction_note,
        issue.corrected_at.isoformat() if issue.corrected_at else None,
        [(pk, sources[pk].slug, sources[pk].name) for pk in sorted(credited)],
    ]
    return hashlib.sha256(json.dumps(shown, ensure_ascii=False).encode()).hexdigest()


def write_passages(copy: WebCopy, content: IssueContent, sources: Sources) -> None:
    """Make a copy's passages those of its content, and write what differs alone."""
    stored = {row.position: row for row in copy.passages.all()}
    # Making words out of Markdown is what costs.
    texts = {row.body: row.text for row in stored.values()}
    passages = list(passages_of(content, sources, texts))
    for position, row in enumerate(passages):
        row.copy = copy
        row.position = position
        row.pk = stored[position].pk if position in stored else None
    for row in passages:
        if row.pk and any(
            getattr(row, name) != getattr(stored[row.position], name) for name in SAID
        ):
            row.save(force_update=True)
    WebPassage.objects.bulk_create(row for row in passages if row.pk is None)
    copy.passages.filter(position__gte=len(passages)).delete()
    stories = (row for row in passages if row.part == Part.STORY)
    write_credits(
        copy,
        {
            (row.pk, source_id)
            for row, story in zip(stories, content.stories, strict=True)
            for source_id in story.source_ids
        },
    )


def write_credits(copy: WebCopy, wanted: set[tuple[int, int]]) -> None:
    """Make these pairs of a passage and a source those of a copy."""
    credit = WebPassage.sources.through
    rows = credit.objects.filter(webpassage__copy=copy)
    stored = {(row.webpassage_id, row.source_id): row.pk for row in rows}
    credit.objects.filter(pk__in=[stored[pair] for pair in stored.keys() - wanted]).delete()
    credit.objects.bulk_create(
        credit(webpassage_id=passage_id, source_id=source_id)
        for passage_id, source_id in sorted(wanted - stored.keys())
    )


def passages_of(
    content: IssueContent, sources: Sources, texts: Mapping[str, str]
) -> Iterator[WebPassage]:
    """Give the parts of an issue in the order of its page; ``texts`` are known of bodies."""
    if content.opening:
        yield passage(Part.OPENING, content.opening, texts)
    for story in content.stories:
        yield story_passage(story, sources, texts)
    for thread in content.threads:
        yield passage(Part.THREAD, thread.body, texts, key=thread.key, headline=thread.title)
    if content.patterns:
        yield passage(Part.PATTERNS, content.patterns, texts)


def story_passage(story: StoryContent, sources: Sources, texts: Mapping[str, str]) -> WebPassage:
    names = [story.company, *(sources[pk].name for pk in story.source_ids)]
    made = passage(
        *(Part.STORY, story.body, texts),
        key=story.key,
        headline=story.headline,
        also=" ".join(names),
    )
    made.company = story.company
    made.via = shortened(story.via, VIA_MAX_LENGTH)
    made.url = story.url
    return made


def passage(
    part: WebPassage.Part,
    body: str,
    texts: Mapping[str, str],
    *,
    key: str = "",
    headline: str = "",
    also: str = "",
) -> WebPassage:
    """Make a passage; it is found by its headline, its text and the words ``also``."""
    text = texts[body] if body in texts else text_of(body)
    return WebPassage(
        part=part,
        key=key,
        headline=headline,
        body=body,
        text=text,
        title_words=indexed(headline),
        words=indexed(f"{text} {also}"),
    )


def text_of(markdown: str) -> str:
    """Return the words of a body on one line; of one that cannot be rendered, the body."""
    try:
        return body_of(markdown).words
    except RenderError:
        return clean_line(markdown)
