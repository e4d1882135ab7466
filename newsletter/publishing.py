"""The web copy of an issue: made, renewed and removed as the issue becomes what it is."""

from __future__ import annotations

import hashlib
import json
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

Part = WebPassage.Part
# Every source that stories were credited to, under its present name.
Sources = Mapping[int, Source]


def publish(issue_id: int, *, now: datetime, anew: bool = False) -> bool:
    """Make an issue's web copy what anybody may read of it; remove that of one not public.

    Tells whether anything shown has changed; doing it again changes nothing. The issue is
    locked meanwhile. With ``anew`` what searches look at is written again all the same.
    """
    with transaction.atomic():
        issue = Issue.objects.select_for_update().filter(pk=issue_id).first()
        if issue is None:
            return False
        if not Issue.objects.public().filter(pk=issue_id).exists():
            removed, _ = WebCopy.objects.filter(issue=issue).delete()
            return removed > 0
        return renew(issue, now, anew=anew)


def publish_due(now: datetime) -> int:
    """Publish what became public, and remove what is so no more, where nobody did it yet.

    One query where there is nothing to do. Returns how many issues were concerned.
    """
    public = Issue.objects.public().values("pk")
    shown = Q(web_copy__isnull=False)
    unlike = Issue.objects.filter((Q(pk__in=public) & ~shown) | (~Q(pk__in=public) & shown))
    return sum(publish(pk, now=now) for pk in list(unlike.values_list("pk", flat=True)))


def publish_all(now: datetime) -> int:
    """Write every web copy anew; return how many pages show something else than before."""
    publish_due(now)
    ids = list(WebCopy.objects.order_by("issue_id").values_list("issue_id", flat=True))
    return sum(publish(pk, now=now, anew=True) for pk in ids)


def publish_credited(source_ids: Iterable[int], *, now: datetime) -> int:
    """Renew the copies that name any of these sources or those merged with them.

    For a source that was renamed or merged; returns how many pages changed.
    """
    groups = Source.objects.merge_groups()
    ids = {member for pk in source_ids for member in groups.get(pk, ())}
    credited = Issue.objects.filter(web_copy__isnull=False).filter(
        Q(stories__credits__source__in=ids) | Q(web_copy__passages__sources__in=ids)
    )
    pks = credited.order_by("pk").values_list("pk", flat=True).distinct()
    return sum(publish(pk, now=now) for pk in list(pks))


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
    """Replace the passages of a copy, with the sources that its stories are credited to."""
    copy.passages.all().delete()
    passages = list(passages_of(content, sources))
    for position, passage in enumerate(passages):
        passage.copy = copy
        passage.position = position
    stored = WebPassage.objects.bulk_create(passages)
    stories = [passage for passage in stored if passage.part == Part.STORY]
    credit = WebPassage.sources.through
    credit.objects.bulk_create(
        credit(webpassage_id=passage.pk, source_id=pk)
        for passage, story in zip(stories, content.stories, strict=True)
        for pk in story.source_ids
    )


def passages_of(content: IssueContent, sources: Sources) -> Iterator[WebPassage]:
    """Give the parts of an issue in the order of its page."""
    if content.opening:
        yield passage(Part.OPENING, content.opening)
    for story in content.stories:
        yield story_passage(story, sources)
    for thread in content.threads:
        yield passage(Part.THREAD, thread.body, key=thread.key, headline=thread.title)
    if content.patterns:
        yield passage(Part.PATTERNS, content.patterns)


def story_passage(story: StoryContent, sources: Sources) -> WebPassage:
    names = [story.company, *(sources[pk].name for pk in story.source_ids)]
    made = passage(
        Part.STORY, story.body, key=story.key, headline=story.headline, also=" ".join(names)
    )
    made.company = story.company
    made.via = shortened(story.via, VIA_MAX_LENGTH)
    made.url = story.url
    return made


def passage(
    part: WebPassage.Part, body: str, *, key: str = "", headline: str = "", also: str = ""
) -> WebPassage:
    """Make a passage; it is found by its headline, its text and the words ``also``."""
    text = text_of(body)
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
